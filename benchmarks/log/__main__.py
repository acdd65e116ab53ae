"""How fast the log is, beside other stores of events.

    make bench-log                       about ten minutes
    make bench-log ARGS=--quick          small sizes, under a minute: for a look, not for a claim

Everything runs on one core. In each section all contenders take their turn in every round and ratios are
taken within a round, since disks and neighbours are noisy. A bar that is missed is printed as missed; the
exit code is 0 all the same.
"""

import argparse
import datetime as dt
import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec
from appending import buffered, from_64_producers, one_by_one
from digests import digests
from growing import growing
from measure import Row, table
from reading import reading
from starting import starting

PACKAGES = (
    "msgspec",
    "anyio",
    "eventsourcing",
    "langgraph-checkpoint-sqlite",
    "lockstepd",
    "orjson",
    "pydantic",
)


def main() -> None:
    chosen = arguments()
    core = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    scale = 0.05 if chosen.quick else 1
    within = chosen.folder / "bench-log"
    shutil.rmtree(within, ignore_errors=True)
    within.mkdir(parents=True)
    sections: dict[str, Callable[[], list[Row]]] = {
        "one": partial(one_by_one, chosen.rounds, scale, within),
        "many": partial(from_64_producers, chosen.rounds, max(scale, 0.2), within),
        "buffered": partial(buffered, chosen.rounds, max(scale, 0.2), within),
        "read": partial(reading, chosen.rounds, scale, within),
        "grow": partial(growing, chosen.rounds, scale, within),
        "start": partial(starting, chosen.rounds, scale, within, chosen.python),
        "digest": partial(digests, chosen.rounds, max(scale, 0.2)),
    }
    found: list[Row] = []
    try:
        for name in chosen.only or sections:
            print(f"{name} ...", file=sys.stderr)
            found += sections[name]()
    finally:
        shutil.rmtree(within)
    about = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "core": f"pinned to core {core}",
        "versions": versions(),
        "rounds": str(chosen.rounds),
    }
    print(table(found))
    print("\n" + "\n".join(f"{key}: {value}" for key, value in about.items()))
    if chosen.json:
        chosen.json.write_bytes(msgspec.json.format(msgspec.json.encode(report(about, found))))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/log", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--only", nargs="+", metavar="SECTION", help="one, many, buffered, read, grow, start, digest"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure of every round")
    parser.add_argument("--folder", type=Path, default=Path("build"), help="on the disk to be measured")
    parser.add_argument(
        "--python", type=Path, default=Path(".venv/bin/python"), help="an interpreter that has the project"
    )
    return parser.parse_args()


def report(about: dict[str, str], found: Sequence[Row]) -> dict[str, object]:
    return {**about, "rows": [{**msgspec.to_builtins(row), "met": row.met} for row in found]}


def machine() -> str:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} x {model}, {platform.system()} {platform.release()}"


def versions() -> str:
    named = [f"python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            named.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            named.append(f"no {package}")
    return ", ".join(named)


if __name__ == "__main__":
    main()
