"""The system calls that a program is refused, assembled into a filter for the kernel."""

import errno
import platform
import struct
from collections.abc import Iterator

DENIED = {
    # New processes. `clone` is judged apart, because threads need it.
    "fork": (57, None),
    "vfork": (58, None),
    # Other processes: watching, writing and signalling. `abort` needs `tgkill`, which stays.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    # The network. `socketpair` reaches nobody outside, and an event loop needs it: it stays.
    "socket": (41, 198),
    # Memory that the address space limit does not count.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    # Namespaces, mounts and other ways out.
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "mount": (165, 40),
    "umount2": (166, 39),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # Large and seldom needed parts of the kernel, where its own bugs are found.
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "personality": (135, 92),
    # The machine itself, for a user who is root on it.
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "syslog": (103, 116),
}
"""Refused with EPERM: (number on x86_64, number on aarch64), None where the machine has no such call."""

CLONE = (56, 220)
CLONE3 = (435, 435)

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Machine: (column of the tables above, the kernel's name for it)."""

_X32_CALLS = 0x40000000
_CLONE_THREAD = 0x00010000

_LOAD, _EQUAL, _AT_LEAST, _HAS_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Offsets in `struct seccomp_data`."""

_ALLOW, _KILL = 0x7FFF0000, 0x80000000


def system_call_filter(machine: str = platform.machine()) -> bytes:
    """The filter as an array of `struct sock_filter`; empty where the machine's calls are not known.

    It refuses new processes but not threads: `clone` needs CLONE_THREAD, and `clone3`, whose
    flags a filter cannot read, seems not to exist, so that the C library falls back to `clone`.
    """
    if machine not in _ARCHITECTURES:
        return b""
    column, architecture = _ARCHITECTURES[machine]
    return b"".join(_instructions(column, architecture))


def _instructions(column: int, architecture: int) -> Iterator[bytes]:
    yield _instruction(_LOAD, _ARCHITECTURE)
    yield _instruction(_EQUAL, architecture, then=1)
    yield _instruction(_RETURN, _KILL)
    yield _instruction(_LOAD, _NUMBER)
    # x86_64 has a second set of numbers for the same calls, which no Python uses.
    yield _instruction(_AT_LEAST, _X32_CALLS, otherwise=1)
    yield _refuse(errno.EPERM)
    for numbers in DENIED.values():
        number = numbers[column]
        if number is not None:
            yield _instruction(_EQUAL, number, otherwise=1)
            yield _refuse(errno.EPERM)
    yield _instruction(_EQUAL, CLONE3[column], otherwise=1)
    yield _refuse(errno.ENOSYS)
    yield _instruction(_EQUAL, CLONE[column], otherwise=3)
    yield _instruction(_LOAD, _FIRST_ARGUMENT)
    yield _instruction(_HAS_BIT, _CLONE_THREAD, then=1)
    yield _refuse(errno.EPERM)
    yield _instruction(_RETURN, _ALLOW)


def _instruction(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    """One `struct sock_filter`; a jump skips that many instructions."""
    return struct.pack("=HBBI", code, then, otherwise, value)


def _refuse(error: int) -> bytes:
    return _instruction(_RETURN, 0x00050000 | error)
