"""What a digest of one line costs: the choice behind docs/decisions/0005-checksums.md."""

import hashlib
import time
import zlib
from collections.abc import Callable

from measure import Row

CALLS = 20_000
DIGESTS: dict[str, Callable[[bytes], object]] = {
    "crc32": zlib.crc32,
    "sha256": lambda line: hashlib.sha256(line).hexdigest()[:32],
    "blake2b, 128 bits": lambda line: hashlib.blake2b(line, digest_size=16).hexdigest(),
    "blake2s, 128 bits": lambda line: hashlib.blake2s(line, digest_size=16).hexdigest(),
    "sha1": lambda line: hashlib.sha1(line, usedforsecurity=False).hexdigest()[:32],
    "md5": lambda line: hashlib.md5(line, usedforsecurity=False).hexdigest(),
    "sha3_256": lambda line: hashlib.sha3_256(line).hexdigest()[:32],
}


def digests(rounds: int, scale: float) -> list[Row]:
    found = []
    for size in (634, 3332):
        line = bytes(range(256)) * 14
        times: dict[str, list[float]] = {name: [] for name in DIGESTS}
        for _ in range(rounds):
            for name, digest in DIGESTS.items():
                times[name].append(cost(digest, line[:size], int(CALLS * scale)))
        for name, costs in times.items():
            ratios = [one / ours for one, ours in zip(costs, times["sha256"], strict=True)]
            section = f"A digest of {size:,} bytes; it / sha256"
            found.append(
                Row(section=section, name=name, unit="µs", figures=tuple(costs), ratios=tuple(ratios))
            )
    return found


def cost(digest: Callable[[bytes], object], line: bytes, calls: int) -> float:
    """Microseconds for one."""
    began = time.perf_counter()
    for _ in range(calls):
        digest(line)
    return (time.perf_counter() - began) / calls * 1e6
