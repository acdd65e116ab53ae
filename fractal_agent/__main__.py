"""`python -m fractal_agent`."""

import os
import sys

# `python -m` puts the current folder before the standard library, and a program in it may be called copy.py.
if not sys.flags.safe_path and sys.path[0] == os.getcwd():  # noqa: PTH109  # pathlib would be looked for there
    folder = sys.path.pop(0)
    if __file__ == f"{folder}/fractal_agent/__main__.py":
        sys.path.append(folder)  # A checkout, which need not be installed.

from fractal_agent.cli import main

main()
