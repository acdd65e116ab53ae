"""Values of any kind, nested in any way, compare in the judge as they do where all runs in one process.

Each example is a batch of values as source. Plain Python says what a comparison gives; the judge must agree.
`FRACTAL_AGENT_CROSSING` sets how many batches are tried.
"""

# ruff: noqa: E501  # Values in a table are read best on few lines.

import os
import sys
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fractal_agent.sandbox import Limits, Sandbox, open_sandbox

BATCHES = int(os.environ.get("FRACTAL_AGENT_CROSSING", "40"))
SIZE = 12
"""Values in one batch."""

PRELUDE = """
import array, cmath, collections, copy, dataclasses, datetime, decimal, enum, fractions, ipaddress, math
import operator, pathlib, types, typing, uuid, zoneinfo
def nest(value, depth):
    for _ in range(depth):
        value = [value]
    return value
def loop(value):
    value = [value]
    value.append(value)
    return value
def twice(value):
    return [value, (value, value)]
"""

CLASSES = """
@dataclasses.dataclass
class Point:
    x: object
    y: object = 0
@dataclasses.dataclass(frozen=True, order=True)
class Frozen:
    x: object
@dataclasses.dataclass(slots=True)
class Slots:
    x: object
    seen: object = dataclasses.field(default=0, compare=False)
class Pair(typing.NamedTuple):
    one: object
    two: object = None
Triple = collections.namedtuple('Triple', 'a b c')
class Color(enum.Enum):
    RED = 1
    BLUE = 2
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2
class Name(enum.StrEnum):
    A = 'a'
class Right(enum.Flag):
    READ = 1
    WRITE = 2
class Bit(enum.IntFlag):
    ONE = 1
    TWO = 2
class Movie(typing.TypedDict):
    title: str
class Whole(int): pass
class Real(float): pass
class Text(str): pass
class Plain: pass
PLAIN = Plain()
"""

PROGRAM = """
def same(x): return x
def deep(x): return copy.deepcopy(x)
def inside(x): return {'x': [x]}
MADE = [SOURCES]
def made(n): return MADE[n]()
def f(): pass
"""

TESTS = """
def outcome(make):
    try:
        return bool(make())
    except Exception as error:
        return type(error).__name__

def outcomes():
    values = [SOURCES]
    values = [make() for make in values]
    found = []
    for n, x in enumerate(values):
        y = values[n - 1]
        found.append([
            outcome(lambda: same(x) == x),
            outcome(lambda: x == same(x)),
            outcome(lambda: same(x) is x) if type(x) in (list, tuple, dict, set) else 0,
            outcome(lambda: [same(x)] == [x]),
            outcome(lambda: inside(x) == {'x': [x]}),
            outcome(lambda: deep(x) == x),
            outcome(lambda: x != deep(x)),
            outcome(lambda: made(n) == x),
            outcome(lambda: [x] == [made(n)]),
            outcome(lambda: same(x) == y),
            outcome(lambda: same(x) != y),
            outcome(lambda: made(n) == y),
            outcome(lambda: same(same) == y),
            outcome(lambda: type(same(x)) is type(x)),
            outcome(lambda: type(made(n)) is type(x)),
            outcome(lambda: repr(same(x)) == repr(x)),
            outcome(lambda: same(x) in values),
            outcome(lambda: same(x) < y) if isinstance(x, (int, str, float)) else 0,
        ])
    return found
"""

small = st.integers(-3, 300)
names = st.text(st.characters(codec=None, exclude_categories=()), max_size=4)
leaves = st.one_of(
    st.sampled_from(
        [
            *("None", "True", "False", "...", "NotImplemented", "1 << 70", "-10**4000", "0.1", "-0.0", "0.0"),
            *("math.nan", "cmath.nan", "float('nan')", "math.inf", "-math.inf", "1j", "complex(math.nan, -0.0)"),
            *("int", "dict", "type", "collections.Counter", "datetime.date", "len", "max", "math.sqrt"),
            *("type(None)", "types.SimpleNamespace", "operator.add", "ValueError", "Plain", "PLAIN", "Point"),
            *("range(5)", "range(3, 1 << 80, 7)", "slice(1, None, 2)", "b''", "b'\\xff\\x00'", "bytearray(b'ab')"),
            *("memoryview(b'abc')", "memoryview(bytearray(8)).cast('i')", "memoryview(bytes(4)).cast('B', (2, 2))"),
            *("decimal.Decimal('NaN')", "decimal.Decimal('sNaN12')", "decimal.Decimal('-Infinity')"),
            *("decimal.Decimal('-0E+7')", "decimal.Decimal('1.10')", "fractions.Fraction(-3, 7)"),
            *("datetime.date(2024, 2, 29)", "datetime.time(1, 2, fold=1)", "datetime.timedelta(-1, 5, 7)"),
            "datetime.time(3, 4, tzinfo=datetime.timezone.utc)",
            *("datetime.timezone.utc", "datetime.timezone(datetime.timedelta(hours=5, minutes=30), 'X')"),
            *("zoneinfo.ZoneInfo('Asia/Tokyo')", "datetime.datetime(2024, 1, 2, 3, 4, 5, 6)"),
            "datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)",
            "datetime.datetime(2024, 11, 3, 1, 30, tzinfo=zoneinfo.ZoneInfo('America/New_York'), fold=1)",
            "datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(0)))",
            *("uuid.UUID(int=7)", "pathlib.PurePosixPath('a/../b')", "pathlib.PureWindowsPath('C:/a')"),
            *("pathlib.Path('/a/b')", "pathlib.PurePosixPath('a')", "ipaddress.ip_address('::1%eth0')"),
            *("ipaddress.ip_address('1.2.3.4')", "ipaddress.ip_network('10.0.0.0/8')"),
            *("ipaddress.ip_interface('1.2.3.4/8')", "ipaddress.ip_interface('::1/8')"),
            *("Color.RED", "Level.LOW", "Name.A", "Right.READ | Right.WRITE", "Bit.ONE", "Color", "Level"),
            *("Whole(1)", "Real(0.5)", "Text('a')", "collections.UserString('ab')", "'\\ud83d\\ude00'", "'\\U0001f600'"),
        ]
    ),
    small.map(repr),
    st.floats(allow_nan=False).map(repr).map(lambda text: text if "inf" not in text else "math." + text.lstrip("-")),
    names.map(ascii),
    st.sampled_from("bBhHiIlLqQ").map(lambda code: f"array.array({code!r}, [1, 2])"),
    st.sampled_from("fd").map(lambda code: f"array.array({code!r}, [0.5, math.inf])"),
    st.just("array.array('u', 'aé')"),
)  # fmt: skip
HASHABLE = ["None", "True", "1.5", "-0.0", "math.nan", "1j", "int", "len", "Color.RED", "Level.LOW", "Name.A", "Bit.ONE", "Whole(1)", "Text('a')", "Frozen(1)", "Pair(1,2)", "datetime.date(2024,1,1)", "decimal.Decimal('1.0')", "fractions.Fraction(1,2)", "uuid.UUID(int=1)", "pathlib.PurePath('a')", "range(3)", "b'a'", "frozenset({1})", "ipaddress.ip_address('1.1.1.1')", "PLAIN", "Triple(1,2,3)"]  # fmt: skip
keys = st.recursive(
    st.one_of(st.sampled_from(HASHABLE), small.map(repr), names.map(ascii)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"({''.join(item + ', ' for item in items)})"),
        st.lists(inner, max_size=3).map(lambda items: f"frozenset([{', '.join(items)}])"),
        inner.map(lambda item: f"Frozen({item})"),
        inner.map(lambda item: f"Pair({item}, 1)"),
    ),
    max_leaves=4,
)


def around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Everything that can hold values."""
    many = st.lists(inner, max_size=4).map(", ".join)
    pairs = st.lists(st.tuples(keys, inner), max_size=3).map(
        lambda pairs: "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    )
    named = st.lists(inner, max_size=2).map(
        lambda items: ", ".join(f"a{place}={item}" for place, item in enumerate(items))
    )
    return st.one_of(
        many.map(lambda text: f"[{text}]"),
        many.map(lambda text: f"tuple([{text}])"),
        pairs,
        st.lists(keys, max_size=3).map(lambda items: f"set([{', '.join(items)}])"),
        st.lists(keys, max_size=3).map(lambda items: f"collections.Counter([{', '.join(items)}])"),
        pairs.map(lambda text: f"collections.Counter({text})"),
        pairs.map(lambda text: f"collections.defaultdict(list, {text})"),
        pairs.map(lambda text: f"collections.defaultdict(None, {text})"),
        pairs.map(lambda text: f"collections.OrderedDict({text})"),
        pairs.map(lambda text: f"collections.ChainMap({text}, {{1: 2}})"),
        pairs.map(lambda text: f"collections.UserDict({text})"),
        pairs.map(lambda text: f"types.MappingProxyType({text})"),
        st.tuples(st.sampled_from(["keys", "items"]), pairs).map(lambda both: f"{both[1]}.{both[0]}()"),
        many.map(lambda text: f"collections.UserList([{text}])"),
        many.map(lambda text: f"collections.deque([{text}], 3)"),
        many.map(lambda text: f"collections.deque([{text}])"),
        named.map(lambda text: f"types.SimpleNamespace({text})"),
        st.tuples(inner, inner).map(lambda both: f"Point({both[0]}, {both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"Slots({both[0]}, {both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"Pair({both[0]}, {both[1]})"),
        st.tuples(inner, inner).map(lambda both: f"Triple({both[0]}, 1, {both[1]})"),
        inner.map(lambda text: f"Frozen({text})"),
        inner.map(lambda text: f"Movie(title={text})"),
        inner.map(lambda text: f"slice({text}, 1)"),
        st.one_of(leaves, st.just("loop(1)")).map(lambda text: f"loop({text})"),
        inner.map(lambda text: f"twice({text})"),
        st.tuples(inner, st.sampled_from([1, 99, 101, 150])).map(lambda both: f"nest({both[0]}, {both[1]})"),
    )


values = st.recursive(leaves, around, max_leaves=6)


def sources(batch: list[str]) -> str:
    return "".join(f"lambda: {source}, " for source in batch)


def expected(batch: list[str]) -> list[list[Any]]:
    """What plain Python says."""
    made = sources(batch)
    source = PRELUDE + CLASSES + PROGRAM.replace("SOURCES", made) + TESTS.replace("SOURCES", made)
    module: Any = ModuleType("program")
    sys.modules["program"] = module  # Where dataclasses look.
    try:
        exec(compile(source, "<program>", "exec"), module.__dict__)  # made above
        return list(module.outcomes())
    finally:
        del sys.modules["program"]


async def judged(sandbox: Sandbox, batch: list[str], wanted: list[list[Any]]) -> list[str]:
    """The values over which the judge disagrees with plain Python."""
    program = PRELUDE + CLASSES + PROGRAM.replace("SOURCES", sources(batch))
    tests = PRELUDE + TESTS.replace("SOURCES", sources(batch))
    tests += f"\nfor n, (got, want) in enumerate(zip(outcomes(), {wanted!r})):\n"
    tests += "    assert repr(got) == repr(want), f'{n}: {got}, plain Python: {want}'\n"
    verdict = await sandbox.judge(program, "f", tests)
    if verdict.outcome == "passed":
        return []
    return [verdict.error[:300], *(each.error[:500] for each in verdict.failures), *batch]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with open_sandbox(limits=Limits(memory_bytes=1 << 30), concurrency=1, unsafe=True) as sandbox:
        yield sandbox


@given(st.lists(values, min_size=SIZE, max_size=SIZE))
@settings(
    max_examples=BATCHES, deadline=None, derandomize="FRACTAL_AGENT_CROSSING" not in os.environ, database=None,
    phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
)  # fmt: skip
@pytest.mark.asyncio(loop_scope="module")
async def test_as_in_one_process(sandbox: Sandbox, batch: list[str]) -> None:
    """Given to the program and back, copied or made anew, a value is equal to just what it is in plain Python."""
    assert await judged(sandbox, batch, expected(batch)) == []
