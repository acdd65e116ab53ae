"""The results page, made from recorded runs that the repository keeps. No model is asked, nothing is run.

    make results                                docs/results.md anew from results/*.tar.xz
    python benchmarks/results.py pack FOLDER    first keep completed cells there: results/NAME.tar.xz

The logs of one experiment lie in one archive, so that anyone can unpack and replay them.
"""

import argparse
import lzma
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from events import LOG_NAME, LogReader
from fractal_agent.report.experiment import experiment_report
from fractal_agent.report.experiment_page import page
from fractal_agent.report.picture import picture
from replay.timeline import Timeline

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "results"
PAGE = ROOT / "docs" / "results.md"
UNPACKED = Path("build") / "results"

_HEAD = """\
# Results

Made from the logs in `results/` by `make results`, which asks no model. What the columns mean, and what was
tried and does not stand here, is in [Experiments](experiments.md). To replay a cell:

    mkdir -p build/results
    tar -xf results/{example}.tar.xz -C build/results
    python -m fractal_agent replay build/results/{cell}
"""


def pack(folder: Path) -> Path:
    """The archive, written anew; the same logs give the same bytes."""
    archive = KEPT / f"{folder.resolve().name}.tar.xz"
    archive.parent.mkdir(exist_ok=True)
    with lzma.open(archive, "wb", preset=9) as packed, tarfile.open(fileobj=packed, mode="w") as files:
        for log in sorted(folder.glob(f"*/{LOG_NAME}")):
            if Timeline.of(LogReader(log)).completed:
                entry = tarfile.TarInfo(
                    f"{archive.name.removesuffix('.tar.xz')}/{log.parent.name}/{LOG_NAME}"
                )
                entry.size = log.stat().st_size
                with log.open("rb") as content:
                    files.addfile(entry, content)
    return archive


def unpack(archive: Path, folder: Path) -> Path:
    """The folder of cells that the archive holds, below `folder`."""
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.xz")


def results(unpacked: Path) -> tuple[str, dict[str, str]]:
    """The page, and the pictures by name, of all archives; their logs are put below `unpacked`."""
    folders = sorted(unpack(archive, unpacked) for archive in KEPT.glob("*.tar.xz"))
    reports = {folder: experiment_report(folder) for folder in folders}
    beside = [folder for folder, one in reports.items() if one.references and one.feedback == "visible"]
    sections, pictures = [], {}
    for folder, report in reports.items():
        study = beside[-1:] == [folder]
        pictures[f"{folder.name}.svg"] = picture(report, study=study)
        sections.append("\n".join(_section(page(report, study=study), folder.name)))
    first = folders[0]
    cell = min(first.iterdir())
    head = _HEAD.format(example=first.name, cell=f"{first.name}/{cell.name}")
    return "\n".join([head, *sections]).rstrip() + "\n", pictures


def _section(text: str, name: str) -> Iterator[str]:
    """A report as a part of the page: headings one level down, the picture where it lies, and its archive."""
    for line in text.splitlines():
        if line.startswith("# Experiment: "):
            yield f"## {name}, on {line.removeprefix('# Experiment: ')}"
            continue
        if line.startswith("Made anew from the logs"):
            yield f"The logs: `results/{name}.tar.xz`.\n"
            continue
        lower = f"#{line}" if line.startswith("#") else line
        yield re.sub(r"\(picture\.svg\)", f"(results/{name}.svg)", lower)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pack", nargs="*", metavar="pack FOLDER", help="keep these experiments' logs first")
    options = parser.parse_args()
    for folder in options.pack[1:] if options.pack[:1] == ["pack"] else ():
        archive = pack(Path(folder))
        print(f"{archive.relative_to(ROOT)}  {archive.stat().st_size / 1e3:.0f} kB")
    text, pictures = results(UNPACKED)
    PAGE.write_text(text, encoding="utf-8")
    for name, drawn in pictures.items():
        place = PAGE.parent / "results" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(drawn, encoding="utf-8")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
