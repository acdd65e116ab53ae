"""Where an answer may hold its program: fences, the prompt it continues, a bare body, odd prefixes."""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import groupby, takewhile

from agents.replies.lines import continuations, dedented, indented, relevelled
from agents.replies.spelling import cleaned
from agents.replies.statements import parsed
from agents.replies.wrapped import wrapped
from events.work import ProblemPosed

_FENCE = re.compile(r"[ \t]*(?:`{3,}|~{3,})[ \t]*((?i:python|py)[\d.]*\b|[\w+.\#-]+[ \t]*$)?[ \t]*(.*)")
_BODY_ENDS = re.compile(r"^(?:[ \t]*(?:`{3,}|~{3,})|def |class |@|if __name__|print\(|assert )", re.MULTILINE)
_BODY_BEGINS = re.compile(
    r"^[ \t]*(?:(?:return|for|while|if|try|with|import|from|yield|raise|def)\b"
    r"|[A-Za-z_][\w.,\[\] ]*[-+*/|&]?=[^=])",
    re.MULTILINE,
)
_DEFINES_AT_MARGIN = re.compile(r"^(?:(?:async[ \t]+)?def|class)[ \t]", re.MULTILINE)
_DEFINES = re.compile(r"^[ \t]+(?:(?:async[ \t]+)?def|class)[ \t]", re.MULTILINE)
_BODY_STEPS = re.compile(r"^(?:return|yield|for|while|if|try|with)\b", re.MULTILINE)
DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_BODY_ANSWERS = re.compile(r"^[ \t]*(?:return|yield)\b", re.MULTILINE)


def readings(text: str, problem: ProblemPosed) -> Iterator[tuple[str, ...]]:
    """The ways to read an answer, likeliest first; each a few blocks of code, the one to prefer last."""
    prompt = cleaned(problem.prompt).strip()
    yield (_unfenced(text),)
    yield from _continued(text, prompt, problem.entry_point)
    blocks = _fenced(text, wary=True)
    yield tuple(blocks)
    yield tuple(map(dedented, _fenced(text, wary=False)))
    flat = "\n".join(line for line in text.split("\n") if not _FENCE.match(line))
    yield (flat,)
    yield tuple(_indented_blocks(flat))
    yield _deep_definitions(flat, problem.entry_point)
    begins = _BODY_BEGINS.search(flat)
    yield tuple(_bodies(blocks or ([flat[begins.start() :]] if begins else []), prompt, problem.entry_point))
    inner = [block for part in wrapped(text) for block in (_fenced(part, wary=True) or [part])]
    yield tuple(map(dedented, inner))


def _bodies(blocks: Iterable[str], prompt: str, entry_point: str) -> Iterator[str]:
    """The prompt completed by each block that may be the body of its function."""
    definition = re.compile(rf"\b(?:def|class)[ \t]+{re.escape(entry_point)}\b")
    for block in blocks:
        body = relevelled(block)
        if not definition.search(body) and _BODY_ANSWERS.search(body) and _BODY_STEPS.search(body):
            yield completed(prompt, body, entry_point)


def _unfenced(text: str) -> str:
    """The text without the fence line it begins with and the one it ends with."""
    lines = text.strip("\n").split("\n")
    if _FENCE.fullmatch(lines[0]):
        del lines[0]
    if lines and _FENCE.fullmatch(lines[-1]):
        del lines[-1]
    return "\n".join(lines)


def _continued(text: str, prompt: str, entry_point: str) -> Iterator[tuple[str, ...]]:
    """The readings of an answer that begins with the prompt: as written, then with its levels put right."""
    whole = _unfenced(text)
    if not prompt or not whole.startswith(prompt):
        return
    lines = whole[len(prompt) :].split("\n")
    inside = continuations("\n".join(lines))
    fences = [i for i, line in enumerate(lines) if i and _FENCE.match(line) and not inside[i]]
    body = "\n".join(lines[: fences[0]] if fences else lines)
    later = _fenced("\n".join(lines[fences[0] + 1 :]), wary=True) if fences else []
    yield (*later, prompt + body)
    ends = _BODY_ENDS.search(body)
    body = body[: ends.start()] if ends else body
    yield (*later, completed(prompt, relevelled(body), entry_point))


def fenced(text: str) -> list[str]:
    """The blocks between fences; a fence inside a docstring is none, and the last block may be open."""
    return _fenced(cleaned(text), wary=True)


def _fenced(text: str, *, wary: bool) -> list[str]:
    """What stands between fences; the last may be open. The wary take no fence inside a docstring for one."""
    inside = continuations(text) if wary else [False] * (text.count("\n") + 1)
    blocks: list[list[str]] = []
    is_open = False
    for line, goes_on in zip(text.split("\n"), inside, strict=True):
        fence = None if goes_on else _FENCE.fullmatch(line)
        code = fence[2] if fence else line
        if fence and is_open and not fence[1] and not code:
            is_open = False
            continue
        if fence:
            blocks.append([])
        if fence or is_open:
            is_open = goes_on or not code.rstrip().endswith("```")
            blocks[-1].append(code if is_open else code.rstrip().removesuffix("```"))
    return ["\n".join(block).strip("\n") for block in blocks]


def _indented_blocks(text: str) -> Iterator[str]:
    """What stands indented between lines at the margin, none of which defines anything: code in a list."""
    if _DEFINES_AT_MARGIN.search(text):
        return
    for is_deep, lines in groupby(text.split("\n"), lambda line: not line.strip() or line[:1] in " \t"):
        block = "\n".join(lines)
        if is_deep and _DEFINES.search(block):
            yield dedented(block)


def _deep_definitions(text: str, entry_point: str) -> tuple[str, ...]:
    """The function wherever it stands indented, up to the first line that stands further left."""
    lines = text.split("\n")
    header = re.compile(rf"([ \t]+)(?:(?:async[ \t]+)?def|class)[ \t]+{re.escape(entry_point)}\b")
    found = [(number, match[1]) for number, line in enumerate(lines) if (match := header.match(line))]
    return tuple(_deeper(lines[number:], margin) for number, margin in found[-3:])


def _deeper(lines: list[str], margin: str) -> str:
    """The lines up to the first that does not begin with the margin, without it."""
    return dedented("\n".join(takewhile(lambda line: not line.strip() or line.startswith(margin), lines)))


def completed(prompt: str, body: str, entry_point: str) -> str:
    """The prompt with a body that begins at the margin, put where the prompt's own is."""
    found = prompted(prompt, entry_point)
    return prompt + "\n" + indented(body, " " * (found.body[0].col_offset if found else 4))


def prompted(prompt: str, entry_point: str) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None:
    """The function, or the class, that the prompt begins; a bare signature will do."""
    for source in (prompt, prompt + "\n    pass"):
        tree = parsed(source)
        for node in reversed(tree.body) if isinstance(tree, ast.Module) else ():
            if isinstance(node, DEFINITION) and node.name == entry_point:
                return node
    return None
