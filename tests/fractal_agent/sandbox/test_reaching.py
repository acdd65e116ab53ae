"""Calls that Landlock does not cover, or did not always, reach no file, socket or process outside."""

import os
import socket
from contextlib import ExitStack, closing
from pathlib import Path

from events.effects import ExecutionRequested
from events.work import Example
from fractal_agent.sandbox import Sandbox

PROGRAM = """
import ctypes, fcntl, os, pathlib, shutil, signal, socket, sqlite3, sys, tempfile, time

def raw(number, *arguments):
    return ctypes.CDLL(None).syscall(number, *arguments)

def pair(kind, family=socket.AF_UNIX):
    return socket.socketpair(family, kind)

def touched(path, **options):
    pathlib.Path(path).touch(**options)
    return os.path.exists(path)

def copied(copy):
    pathlib.Path("a").write_text("x")
    copy("a", "b")
    return pathlib.Path("b").read_text()

def stored():
    with sqlite3.connect("base") as base:
        base.execute("create table t (x)")
        base.execute("insert into t values (1)")
    return base.execute("select x from t").fetchone()

def temporary():
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(dir=folder) as file:
        return file.write(b"x")

def cut():
    with open("a", "w+") as file:
        file.write("xyz")
        file.truncate(1)
    open("a", "r+").close()
    return os.path.getsize("a") + len(open("a", "w+").read())

def locked():
    with open("a", "w") as file:
        return [fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB), fcntl.flock(file, fcntl.LOCK_EX)]

def sent(a, b):
    return [a.send(b"x"), b.recv(1), a.sendmsg([b"y"]), b.recvmsg(1)[0]]

def unblocked():
    a, b = socket.socketpair()
    os.set_blocking(a.fileno(), False)
    os.set_inheritable(b.fileno(), True)
    os.dup(a.fileno())
    return fcntl.fcntl(a, fcntl.F_GETFL) & os.O_NONBLOCK > 0
"""

REACHING = {
    "changes a mode": "os.chmod({file!r}, 0o777)",
    "changes a mode from a folder": "os.chmod('file', 0o777, dir_fd=os.open({folder!r}, os.O_PATH))",
    "changes a mode, but not a link's": "os.chmod({file!r}, 0o777, follow_symlinks=False)",
    "changes a mode by a new number": "raw(452, -100, {file!r}.encode(), 0o777, 0)",
    "changes a descriptor's mode": "os.fchmod(os.open({file!r}, os.O_RDONLY), 0o777)",
    "changes a mode by a descriptor good for nothing": "os.fchmod(os.open({file!r}, 3), 0o777)",
    "changes an owner": "os.chown({file!r}, 1, 1)",
    "changes times": "os.utime({file!r}, (1, 1))",
    "changes times to now": "os.utime({file!r})",
    "changes an attribute": "os.setxattr({file!r}, 'user.a', b'x')",
    "cuts": "os.truncate({file!r}, 0)",
    "opens for nothing and cuts": "os.open({file!r}, 3 | os.O_TRUNC)",
    "opens to read and cuts": "os.open({file!r}, os.O_RDONLY | os.O_TRUNC)",
    "sends to a path": "pair(socket.SOCK_DGRAM)[0].sendto(b'x', {socket!r})",
    "sends to a name": "pair(socket.SOCK_DGRAM)[0].sendto(b'x', {name!r})",
    "sends raw": "pair(socket.SOCK_RAW)[0].sendto(b'x', {socket!r})",
    "sends from a stream": "pair(socket.SOCK_STREAM)[0].sendto(b'x', {socket!r})",
    "sends a message": "pair(socket.SOCK_DGRAM)[0].sendmsg([b'x'], [], 0, {socket!r})",
}
"""What to evaluate; `file`, `folder`, `socket` and `name` are of the user."""

REFUSED = {
    "aims signals at its parent": "fcntl.fcntl(3, fcntl.F_SETOWN, os.getppid())",
    "aims signals at a thread": "fcntl.fcntl(3, 15, bytes(8))",
    "chooses the signal": "fcntl.fcntl(3, fcntl.F_SETSIG, signal.SIGKILL)",
    "asks for signals": "fcntl.fcntl(3, fcntl.F_SETFL, os.O_ASYNC)",
    "asks for signals by ioctl": "fcntl.ioctl(3, 0x5452, b'1234')",
    "aims signals by ioctl": "fcntl.ioctl(3, 0x8901, b'1234')",
    "watches a folder": "fcntl.fcntl(os.open('.', 0), fcntl.F_NOTIFY, 1)",
    "leases a file": "fcntl.fcntl(os.open('a', os.O_RDWR | os.O_CREAT), fcntl.F_SETLEASE, fcntl.F_WRLCK)",
    "pairs other sockets": "pair(socket.SOCK_STREAM, 30)",
    "sends out of band": "socket.socketpair()[0].send(b'x', socket.MSG_OOB)",
    "receives a message out of band": "socket.socketpair()[0].recvmsg(1, 0, socket.MSG_OOB)",
    "reserves room": "os.posix_fallocate(os.open('a', os.O_RDWR | os.O_CREAT), 0, 1 << 20)",
}

HONEST = {
    "copies a file": ("copied(shutil.copy)", "'x'"),
    "makes a file closed": ("os.chmod('.', 0o700)", "None"),
    "touches": ("[touched('a'), touched('a')]", "[True, True]"),
    "uses a database": ("stored()", "(1,)"),
    "uses temporary files": ("temporary()", "1"),
    "cuts its own file": ("cut()", "1"),
    "locks a file": ("locked()", "[None, None]"),
    "sets flags of descriptors": ("unblocked()", "True"),
    "sends itself messages": ("sent(*socket.socketpair())", "[1, b'x', 1, b'y']"),
    "uses packets": (
        "[end.close() for end in pair(socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)]",
        "[None, None]",
    ),
}


async def evaluated(sandbox: Sandbox, expression: str) -> tuple[str, str]:
    """The value of the expression inside, and the type of the error."""
    request = ExecutionRequested(
        program=f"{PROGRAM}\ndef f():\n    return {expression}\n",
        entry_point="f",
        examples=(Example(call="f()", expected="None"),),
    )
    result = (await sandbox.execute(request)).results[0]
    return result.actual, result.error.split(":")[0]


async def test_nothing_outside_changes(sandbox: Sandbox, tmp_path: Path) -> None:
    """Whatever call is tried, the user's file stays as it was and the user's sockets hear nothing."""
    file, path, name = tmp_path / "file", str(tmp_path / "s"), "\0" + tmp_path.name + str(os.getpid())
    file.write_text("kept")
    before = file.stat()
    with ExitStack() as stack:
        ends = [stack.enter_context(closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))) for _ in "12"]
        for end, address in zip(ends, (path, name), strict=True):
            end.bind(address)
            end.setblocking(False)

        for attempt, expression in REACHING.items():
            tried = expression.format(file=str(file), folder=str(tmp_path), socket=path, name=name)
            answer = await evaluated(sandbox, tried)

            assert file.stat()[:9] == before[:9], (attempt, answer)
            assert file.stat().st_ctime_ns == before.st_ctime_ns, (attempt, answer)
            for end in ends:
                try:
                    heard = end.recv(9)
                except BlockingIOError:
                    continue
                raise AssertionError((attempt, answer, heard))


async def test_refused(sandbox: Sandbox) -> None:
    """No descriptor sends anybody a signal, no room is taken unwritten, no data passes out of band."""
    answers = {attempt: await evaluated(sandbox, tried) for attempt, tried in REFUSED.items()}

    assert answers == dict.fromkeys(REFUSED, ("", "PermissionError"))


async def test_honest(sandbox: Sandbox) -> None:
    """What honest programs do with files, descriptors and pairs of sockets still works."""
    answers = {attempt: await evaluated(sandbox, tried) for attempt, (tried, _) in HONEST.items()}

    assert answers == {attempt: (value, "") for attempt, (_, value) in HONEST.items()}
