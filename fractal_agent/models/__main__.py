"""Fetches a model so that later runs find it: `python -m fractal_agent.models`. Prints its folder."""

import argparse
import sys

from rich.console import Console

from fractal_agent.config import DEFAULT_MODEL, NoHome
from fractal_agent.models import ModelError, resolve, shown
from fractal_agent.streams import failure_of, prepare_streams


def main() -> int:
    """Fetch the model that the command line names; exit status 1, and the reason on stderr, if that fails."""
    parser = argparse.ArgumentParser(prog="python -m fractal_agent.models", description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a hub id or a folder (default: %(default)s)")
    parser.add_argument("--verify", action="store_true", help="read every byte of it again")
    prepare_streams()
    asked = parser.parse_args()
    console = Console(stderr=True)
    try:
        with shown(console) as progress:
            source = resolve(asked.model, progress, verify=asked.verify)
    except (ModelError, NoHome) as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    sys.stdout.write(f"{source.folder}\n")
    return 1 if failure_of(sys.stdout) else 0


if __name__ == "__main__":
    sys.exit(main())
