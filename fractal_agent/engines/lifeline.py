"""How a child process is tied to the one that started it: it ends when that ends, and not before."""

import multiprocessing
import os
import signal
import threading


def end_with_parent() -> None:
    """From now on this process is killed when the one that started it through `multiprocessing` ends.

    Also when that was killed and could clean up nothing: the pipe that it held is closed by the system.
    Returns at once; does nothing in a process that `multiprocessing` did not start.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), name="end with parent", daemon=True).start()


def _follow(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


def leave_terminal() -> None:
    """Ctrl-C, and whatever else a terminal sends to a command's processes, no longer reaches this one."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
