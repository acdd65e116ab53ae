"""`python -m fractal_agent`."""

import os
import signal
import sys

# Until the command runs, an interrupt has nothing to put in order and ends the process without a traceback.
if handles_interrupts := signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

try:
    here = os.getcwd()  # noqa: PTH109  # pathlib would be looked for there
except OSError:
    here = ""
# `python -m` puts the current folder before the standard library, and a program in it may be called copy.py.
if not sys.flags.safe_path and sys.path[0] == here:
    folder = sys.path.pop(0)
    if __file__ == f"{folder}/fractal_agent/__main__.py":
        sys.path.append(folder)  # A checkout, which need not be installed.

from fractal_agent.streams import fill_closed_descriptors

fill_closed_descriptors()

from fractal_agent.cli import main  # noqa: E402  # not while a descriptor is closed

if handles_interrupts:
    signal.signal(signal.SIGINT, signal.default_int_handler)
main()
