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
