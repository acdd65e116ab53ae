"""Chooses hard problems from recorded runs: `python -m fractal_agent.experiment RUN... > hard15.txt`."""

import argparse
import sys
from pathlib import Path

from events import LogError
from fractal_agent.config import WorkingFolderGone, runs_dir
from fractal_agent.experiment.subset import SubsetError, chosen_ids
from fractal_agent.opening import open_recording
from fractal_agent.runs import RunNotFound, RunsUnreadable, find_run
from fractal_agent.streams import failure_of, prepare_streams


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fractal_agent.experiment", description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run's id or folder")
    parser.add_argument("--count", type=int, default=15, metavar="N", help="how many problems (15)")
    parser.add_argument("--runs-dir", type=Path, default=None, metavar="DIR", help="where runs lie")
    prepare_streams()
    given = parser.parse_args()
    try:
        folders = [find_run(run, given.runs_dir or runs_dir()) for run in given.runs]
        recordings = [open_recording(folder).recording for folder in folders]
        sys.stdout.write(chosen_ids(recordings, given.count))
    except (SubsetError, RunNotFound, RunsUnreadable, WorkingFolderGone, LogError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 1 if failure_of(sys.stdout) else 0


if __name__ == "__main__":
    sys.exit(main())
