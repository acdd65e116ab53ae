"""The system calls that a program is left with, assembled into filters for the kernel.

A zygote gets `allowing`: everything that is not in a list fails. Each of its children then gets `narrowing`
on top, which takes what the zygote alone needs: to make processes, to signal them, to install filters and to
change modes; what reaches files, sockets and processes of others although Landlock is in force; and data out
of band.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterator
from functools import cache

ALLOWED: dict[str, tuple[int | None, int | None]] = {
    # Files and folders; which ones is decided by mounts and Landlock. Not here is what Landlock does not
    # know, or did not always: utimensat, truncate; nor fallocate, which fills a disk in no time.
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "lseek": (8, 62), "creat": (85, None), "close": (3, 57),
    "close_range": (436, 436), "stat": (4, None), "fstat": (5, 80), "lstat": (6, None),
    "newfstatat": (262, 79), "statx": (332, 291), "statfs": (137, 43), "fstatfs": (138, 44),
    "access": (21, None),
    "faccessat": (269, 48), "faccessat2": (439, 439), "getdents64": (217, 61), "getcwd": (79, 17),
    "chdir": (80, 49), "fchdir": (81, 50), "rename": (82, None), "renameat": (264, 38),
    "renameat2": (316, 276),
    "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None), "link": (86, None), "linkat": (265, 37),
    "unlink": (87, None), "unlinkat": (263, 35), "symlink": (88, None), "symlinkat": (266, 36),
    "readlink": (89, None), "readlinkat": (267, 78), "ftruncate": (77, 46), "flock": (73, 32),
    "fsync": (74, 82), "fdatasync": (75, 83), "umask": (95, 166), "fadvise64": (221, 223),
    "sendfile": (40, 71), "copy_file_range": (326, 285), "dup": (32, 23), "dup2": (33, None),
    "dup3": (292, 24), "pipe": (22, None), "pipe2": (293, 59),
    # Memory.
    "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "mremap": (25, 216), "madvise": (28, 233),
    "brk": (12, 214), "membarrier": (324, 283), "get_mempolicy": (239, 236), "mincore": (27, 232),
    # Waiting, and the event loop's own wires. No `socket`: nobody outside can be reached.
    "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22),
    "eventfd2": (290, 19), "shutdown": (48, 210), "getsockopt": (55, 209),
    "setsockopt": (54, 208), "getsockname": (51, 204), "getpeername": (52, 205),
    # Time.
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, None), "times": (100, 153),
    "getitimer": (36, 102), "setitimer": (38, 103), "alarm": (37, None), "pause": (34, None),
    # Threads and the process's own affairs.
    "futex": (202, 98), "set_robust_list": (273, 99), "set_tid_address": (218, 96), "rseq": (334, 293),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "getcpu": (309, 168),
    "arch_prctl": (158, None),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133), "rt_sigpending": (127, 136),
    "sigaltstack": (131, 132), "restart_syscall": (219, 128), "exit": (60, 93), "exit_group": (231, 94),
    "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173), "getpgrp": (111, None),
    "getpgid": (121, 155), "getsid": (124, 156), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177), "getgroups": (115, 158), "uname": (63, 160),
    "getrlimit": (97, 163), "getrusage": (98, 165), "sysinfo": (99, 179), "getrandom": (318, 278),
}  # fmt: skip
"""(number on x86_64, number on aarch64), None where there is no such call. All others fail with EPERM."""

GUARDED: dict[str, tuple[int | None, int | None]] = {
    "clone": (56, 220),
    "fork": (57, None),
    "vfork": (58, None),
    "wait4": (61, 260),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "prctl": (157, 167),
    "seccomp": (317, 277),
    "prlimit64": (302, 261),
    "setrlimit": (160, 164),
    "ioctl": (16, 29),
    "fcntl": (72, 25),
    "socketpair": (53, 199),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "open": (2, None),
    "openat": (257, 56),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
}
"""What a zygote may call and a program may not, or only in part."""

ABSENT: dict[str, tuple[int | None, int | None]] = {"clone3": (435, 435), "openat2": (437, 437)}
"""They fail as if the kernel were too old: a filter cannot read their arguments, and there are other ways."""

IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: what Python asks of a file it opens."""

FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK,
F_OFD_SETLKW, F_DUPFD_CLOEXEC, F_GETPIPE_SZ. Others have the kernel send a signal to whom the caller names."""

PAIRS = (1, 5)
"""SOCK_STREAM, SOCK_SEQPACKET. A datagram of a pair can be sent to any socket that has a name."""

OPENINGS = (0, 1, 2, 0o1001, 0o1002)
"""O_RDONLY, O_WRONLY, O_RDWR and the latter two with O_TRUNC. What else O_ACCMODE and O_TRUNC can say
empties a file that old Landlock lets be read, or that no Landlock sees opened."""

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Machine: (column of the tables above, the kernel's name for it)."""

_SOME_PID = 0x7EADBEEF
"""Stands for the process in the prepared filter; no process has it."""
_X32_CALLS = 0x40000000
_CLONE_THREAD = 0x00010000
_F_SETFL, _O_ASYNC, _O_ACCMODE, _O_TRUNC = 4, 0o20000, 3, 0o1000
_AF_UNIX, _SOCKET_TYPE, _MSG_OOB = 1, 0xF, 1
_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD, _FOURTH = 0, 4, 16, 24, 32, 40
"""Offsets in `struct seccomp_data`; of an argument that of its lower half, which is all that counts here."""
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000


def is_known(machine: str = platform.machine()) -> bool:
    """True when the tables hold the machine's numbers."""
    return machine in _ARCHITECTURES


def allowing(machine: str = platform.machine()) -> bytes:
    """The filter of zygote and judge: an array of `struct sock_filter`. The machine must be known."""
    column, architecture = _ARCHITECTURES[machine]
    return b"".join(_allowing(column, architecture))


@cache
def _narrowing_of(machine: str) -> bytes:
    return b"".join(_narrowing(_ARCHITECTURES[machine][0], _SOME_PID))


def narrowing(pid: int, machine: str = platform.machine()) -> bytes:
    """What the process `pid` adds before it runs a program: signals to itself, nothing past Landlock."""
    return _narrowing_of(machine).replace(struct.pack("=I", _SOME_PID), struct.pack("=I", pid))


def _allowing(column: int, architecture: int) -> Iterator[bytes]:
    yield _instruction(_LOAD, _ARCHITECTURE)
    yield _instruction(_EQUAL, architecture, then=1)
    yield _instruction(_RETURN, _KILL)
    yield _instruction(_LOAD, _NUMBER)
    # x86_64 has a second set of numbers for the same calls, which no Python uses.
    yield _instruction(_AT_LEAST, _X32_CALLS, otherwise=1)
    yield _refuse(errno.EPERM)
    for numbers in (*ALLOWED.values(), *GUARDED.values()):
        if numbers[column] is not None:
            yield from _if_equal(numbers[column], _instruction(_RETURN, _ALLOW))
    for numbers in ABSENT.values():
        yield from _if_equal(numbers[column], _refuse(errno.ENOSYS))
    yield _refuse(errno.EPERM)


def _narrowing(column: int, pid: int) -> Iterator[bytes]:
    verdicts = _verdicts(pid)
    yield _instruction(_LOAD, _NUMBER)
    for name, numbers in GUARDED.items():
        if numbers[column] is not None:
            yield from _if_equal(numbers[column], *verdicts[name])
    yield _instruction(_RETURN, _ALLOW)


def _verdicts(pid: int) -> dict[str, tuple[bytes, ...]]:
    """For each guarded call the instructions that allow or refuse it to the program in the process `pid`."""
    never = (_refuse(errno.EPERM),)
    return {
        **dict.fromkeys(("fork", "vfork", "wait4", "kill", "prctl", "seccomp", "setrlimit"), never),
        # They do nothing and say that they did: `shutil.copy` takes no error for an answer.
        **dict.fromkeys(("chmod", "fchmod", "fchmodat"), (_refuse(0),)),
        # Hardly a program has use for data out of band, and kernels have been broken into by way of it.
        **dict.fromkeys(("sendto", "recvfrom"), _if_among(_FOURTH, 0, mask=_MSG_OOB)),
        **dict.fromkeys(("sendmsg", "recvmsg"), _if_among(_THIRD, 0, mask=_MSG_OOB)),
        "clone": _if_among(_FIRST, _CLONE_THREAD, mask=_CLONE_THREAD),
        "tgkill": _if_among(_FIRST, pid),
        "prlimit64": _if_among(_FIRST, 0),
        "ioctl": _if_among(_SECOND, *IOCTLS),
        "open": _if_among(_SECOND, *OPENINGS, mask=_O_ACCMODE | _O_TRUNC),
        "openat": _if_among(_THIRD, *OPENINGS, mask=_O_ACCMODE | _O_TRUNC),
        "socketpair": (
            _instruction(_LOAD, _FIRST),
            *_if_equal(_AF_UNIX, *_if_among(_SECOND, *PAIRS, mask=_SOCKET_TYPE)),
            *never,
        ),
        "fcntl": (
            _instruction(_LOAD, _SECOND),
            *_if_equal(_F_SETFL, *_if_among(_THIRD, 0, mask=_O_ASYNC)),
            *_if_among(_SECOND, *FCNTLS),
        ),
    }


def _if_equal(value: int | None, *then: bytes) -> Iterator[bytes]:
    """Instructions for when what was loaded, a number or an argument, is that; they must end in a verdict."""
    yield _instruction(_EQUAL, value or 0, otherwise=len(then))
    yield from then


def _if_among(argument: int, *values: int, mask: int = 0xFFFFFFFF) -> tuple[bytes, ...]:
    """Instructions that allow the call if the argument is one of these, and else refuse it."""
    return (
        _instruction(_LOAD, argument),
        _instruction(_AND, mask),
        *(_instruction(_EQUAL, value, then=len(values) - place) for place, value in enumerate(values)),
        _refuse(errno.EPERM),
        _instruction(_RETURN, _ALLOW),
    )


def _instruction(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    """One `struct sock_filter`; a jump skips that many instructions."""
    return struct.pack("=HBBI", code, then, otherwise, value)


def _refuse(error: int) -> bytes:
    return _instruction(_RETURN, _ERROR | error)
