"""What a script says, and what it says when it is wrong."""

from pathlib import Path

import pytest

from events import GenerationRequested, Message
from fractal_agent.engines import EngineFailed, EngineUnavailable
from fractal_agent.engines.scripted import Line, ScriptedEngine, placeholder, read_script, scripted, words_of


def asks(content: str = "hello", **options: object) -> GenerationRequested:
    return GenerationRequested(messages=(Message(role="user", content=content),), **options)  # type: ignore[arg-type]


def test_first_line_that_matches() -> None:
    """The first line whose path and text both match gives the answer."""
    answer = scripted(
        [
            Line(text="other path", path="HumanEval/1/*"),
            Line(text="other words", contains="goodbye"),
            Line(text="this", path="HumanEval/0/coder.*", contains="hello"),
            Line(text="too late"),
        ]
    )

    assert answer(asks(), "HumanEval/0/coder.0/generate.0") == "this"


def test_no_line_matches() -> None:
    """A request that no line matches fails the engine with the line that would have matched."""
    with pytest.raises(EngineFailed, match=r'Add one: \{"path":"c/coder.0/generate.0","text":"..."\}'):
        scripted([Line(text="x", path="other")])(asks(), "c/coder.0/generate.0")


async def test_words_are_tokens() -> None:
    """The budget counts words, and the text up to it keeps its line breaks."""
    engine = ScriptedEngine(lambda request, path: "one\n  two three")

    answer = await engine.generate(asks(max_tokens=2, prefill=">"), "p")

    assert answer.text == ">one\n  two"
    assert (answer.finish_reason, answer.completion_tokens) == ("length", 2)


async def test_empty_answer() -> None:
    """An answer of nothing has no tokens."""
    answer = await ScriptedEngine(lambda request, path: "").generate(asks(), "p")

    assert (answer.text, answer.completion_tokens, answer.finish_reason) == ("", 0, "stop")


@pytest.mark.parametrize("text", ["", " ", "a", " a", "a\n\n", "\n a  b\tc "])
def test_words_of(text: str) -> None:
    """The words of a text, put together, are the text."""
    assert "".join(words_of(text)) == text


async def test_beyond_the_context() -> None:
    """A prompt as long as the context is refused, one word less is not."""
    engine = ScriptedEngine(lambda request, path: "ok", context=3)

    assert (await engine.generate(asks("a b c"), "p")).finish_reason == "refused"
    assert (await engine.generate(asks("a b"), "p")).text == "ok"


def test_placeholder() -> None:
    """Without a script a coder gets a body that parses, everybody else a sentence."""
    assert placeholder(asks(prefill="```python\ndef f():\n"), "p").strip() == "pass"
    assert "pass" not in placeholder(asks(), "p")


def test_script_file(tmp_path: Path) -> None:
    """A script is read line by line; empty lines are nothing."""
    script = tmp_path / "answers.jsonl"
    script.write_text('{"text": "first", "path": "a"}\n\n{"text": "rest"}\n')

    answer = read_script(script)

    assert [answer(asks(), path) for path in ("a", "b")] == ["first", "rest"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 2: Input data was truncated"),
        ('{"txt": "x"}', "line 2: Object"),
        ('{"text": 1}', r"line 2: Expected `str`, got `int` - at `\$.text`"),
        ('{"text": "x", "role": "coder"}', "line 2: Object contains unknown field `role`"),
    ],
)
def test_malformed_script(tmp_path: Path, line: str, problem: str) -> None:
    """A malformed line is named with its number, its problem and an example of a good one."""
    script = tmp_path / "answers.jsonl"
    script.write_text(f'{{"text": "x"}}\n{line}\n')

    with pytest.raises(EngineUnavailable, match=problem) as error:
        read_script(script)
    assert '{"path":"HumanEval/0/coder.*","text":"..."}' in str(error.value)


def test_missing_script(tmp_path: Path) -> None:
    """A script that is not there is named with the system's reason."""
    with pytest.raises(EngineUnavailable, match=r"none\.jsonl: cannot be read .*No such file"):
        read_script(tmp_path / "none.jsonl")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_script_of_another_editor(tmp_path: Path, encoding: str, newline: str) -> None:
    """A byte order mark and Windows line ends in a script are nothing."""
    script = tmp_path / "answers.jsonl"
    script.write_bytes(
        f'{{"text": "\u00e9", "path": "a"}}{newline}{{"text": "rest"}}{newline}'.encode(encoding)
    )

    answer = read_script(script)

    assert [answer(asks(), path) for path in ("a", "b")] == ["\u00e9", "rest"]


def test_scripts_put_together(tmp_path: Path) -> None:
    """A byte order mark in the middle of a script, where two were put together, is nothing."""
    script = tmp_path / "answers.jsonl"
    script.write_bytes(2 * '\ufeff{"text": "x"}\n'.encode())

    assert read_script(script)(asks(), "p") == "x"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_script_in_another_encoding(tmp_path: Path, encoding: str) -> None:
    """A script that is not UTF-8 is told as that, with what to do."""
    script = tmp_path / "answers.jsonl"
    script.write_bytes('{"text": "x"}'.encode(encoding))

    with pytest.raises(EngineUnavailable, match=r"answers\.jsonl: is not UTF-8 .*Save it as UTF-8"):
        read_script(script)


def test_script_in_latin_1(tmp_path: Path) -> None:
    """A line that is not UTF-8 is named with its number."""
    script = tmp_path / "answers.jsonl"
    script.write_bytes('{"text": "x"}\n{"text": "\u00e9"}'.encode("latin-1"))

    with pytest.raises(EngineUnavailable, match=r"answers\.jsonl, line 2: "):
        read_script(script)


async def test_thinking_uses_the_budget() -> None:
    """The thinking counts towards the budget and is no part of the text."""
    engine = ScriptedEngine(lambda request, path: "<think>a b</think>c d")

    answer = await engine.generate(asks(max_tokens=3), "p")

    assert (answer.reasoning, answer.text, answer.finish_reason) == ("a b", "c", "length")
    assert answer.completion_tokens == 3
