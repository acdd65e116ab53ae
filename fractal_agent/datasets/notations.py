"""The ways in which prompts write an example, one function each: text in, the examples found in it out."""

import ast
import re
from collections.abc import Callable, Iterator

import msgspec

from events.work import Example
from fractal_agent.datasets.calls import Call, call_with, find_calls, given_call, line_before, runnable
from fractal_agent.datasets.literals import Reading, parse_expression, parse_module, read_value
from fractal_agent.datasets.signature import Signature


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of text that one notation has understood, so that no other need look at it."""

    start: int
    end: int
    example: Example | None
    """None when the passage shows nothing that can be checked: a traceback, say."""


Notation = Callable[[str, Signature], Iterator[Passage]]


def doctests(text: str, signature: Signature) -> Iterator[Passage]:
    """`>>> f(2)` and the result on the lines below it; also `>>> f(2) == 4` with no result.

    No result at all means None, as at Python's own prompt, provided that the text speaks of None. What is
    not one Python expression is left to the other notations, as is `>>> f(2)  # 4`.
    """
    for found in _DOCTEST.finditer(text):
        source = _CONTINUATION.sub("\n", found["source"]).strip()
        want = found["want"].strip()
        node = parse_expression(source)
        if node is None or (not want and _segment(node, source) != source and "=" not in source):
            continue
        if isinstance(node, ast.Call) and not want and _means_none(text, found.end()):
            want = "None"
        example = _doctest_example(node, source, want, signature)
        value = _result_at(text, found.end() - len(found["want"].lstrip()))
        yield Passage(start=found.start(), end=value.end if value else found.end(), example=example)


def assertions(text: str, signature: Signature) -> Iterator[Passage]:
    """`assert f(2) == 4`, `assert not f(2)`, `assert math.isclose(f(2), 4, rel_tol=0.1)`.

    A bare `assert f(2)` asks for truth only, so its example is `bool(f(2))`.
    """
    for opening in _ASSERT.finditer(text):
        statement, end = _statement_at(text, opening.start("statement"))
        example = _asserted(statement, text[opening.start("statement") : end], signature)
        if example is not None:
            yield Passage(start=opening.start(), end=end, example=example)


def shown_calls(text: str, signature: Signature) -> Iterator[Passage]:
    """`f(2) == 4`, `f(2) -> 4`, `f(2) should return 4`, `f(2)  # 4` and their like, anywhere in the text."""
    for call in find_calls(text, signature):
        if not _DENIED.search(line_before(text, call.start)):
            yield from _passage(call, _SHOWS, text)


def inputs_and_outputs(text: str, signature: Signature) -> Iterator[Passage]:
    """`Input: xs = [1, 2], k = 3` and `Output: 4`, on one line or several; the input may be a call."""
    calls = {call.start: call for call in find_calls(text, signature)}
    for opening in _INPUT.finditer(text):
        at = opening.end()
        if call := calls.get(at) or given_call(text, at, signature):
            yield from _passage(call, _OUTPUT, text)


def sentences(text: str, signature: Signature) -> Iterator[Passage]:
    """`For x = 2, y = 3 the output should be 4`."""
    for opening in _FOR.finditer(text):
        if call := given_call(text, opening.end(), signature):
            yield from _passage(call, _RESULT_PHRASE, text)


def assignments(text: str, signature: Signature) -> Iterator[Passage]:
    """Lines that give each parameter a value, perhaps steps that start with `->`, then `return 4`."""
    for opening in _ASSIGNED.finditer(text):
        call = given_call(text, opening.end(), signature) if opening["name"] in signature.parameters else None
        if call:
            yield from _passage(call, _RESULT_LINE, text)


def stories(text: str, signature: Signature) -> Iterator[Passage]:
    """`For example, given "ab" and the list [1, 2] you should return 4`: as many values as parameters."""
    for story in _STORY.finditer(text):
        source = call_with(_values_in(story["given"]), signature)
        if source:
            call = Call(source=source, start=story.start(), end=story.end("given"))
            yield from _passage(call, _STORY_END, text)


def misnamed_calls(text: str, signature: Signature) -> Iterator[Passage]:
    """Below a heading `Example`, calls of an unknown function whose name shares a word with the entry point.

    Meant for a prompt that shows no example by the right name: its function was renamed once.
    """
    heading = _HEADING.search(text)
    if heading is None:
        return
    names = {found[1] for found in _CALL_ON_ITS_LINE.finditer(text, heading.end())} - signature.names
    related = {name for name in names if _words(name) & _words(signature.entry_point)}
    if len(related) != 1:
        return
    for call in find_calls(text, signature, name=related.pop()):
        if call.start >= heading.end():
            yield from _passage(call, _SHOWS, text)


_DOCTEST = re.compile(
    r"^[^\S\n]*>>>[^\S\n]*(?P<source>.*(?:\n[^\S\n]*\.\.\.(?=\s).*)*)"
    r"(?P<want>(?:\n(?![^\S\n]*>>>)(?=[^\S\n]*\S).*)*)",
    re.MULTILINE,
)
_CONTINUATION = re.compile(r"\n[^\S\n]*\.\.\.[^\S\n]?")

_ASSERT = re.compile(r"^[^\S\n]*(?:>>>[^\S\n]*)?(?P<statement>assert\b(?!\s*:))", re.MULTILINE)
_LONGEST_ASSERTION = 20
"""Lines."""
_MATH = re.compile(r"^math(?=\.isclose\()")

_BREAK = r"[^\S\n]*(?:\n[^\S\n]*)?"
_ARROW = r"(?:={1,3}>|-{1,3}>|[➞→⇒⟶⟹➔➜↦])"
_VERB = (
    r"(?:(?:(?:should|will|would|must|shall)\s+)?"
    r"(?:returns?|be\s+equal|be|equals?|gives?|outputs?|yields?|produces?|evaluates?)\b(?:\s+to\b)?"
    r"|is\b(?:\s+equal\s+to\b)?)"
)
_NOUN = (
    r"(?:(?:(?:the|an?)\s+)?(?:list|tuple|string|value|integer|number|dictionary|dict|array|set|result)\s+)?"
)
_SHOWS = re.compile(
    rf"`*[^\S\n]*(?:\#[^\S\n]*(?:{_ARROW}|={{1,3}}|{_VERB}|)"
    rf"|{_BREAK}{_ARROW}(?:[^\S\n]*{_VERB})?|={{1,3}}|:|{_BREAK}{_VERB})(?!=){_BREAK}{_NOUN}`*"
)
_DENIED = re.compile(
    r"(?:\b(?:not|never|no|instead of|unlike|if|unless|suppose|assum\w+)|n't)\b[^.:;]*$"
    r"|\b(?:wrong|incorrect)[^.;]*$",
    re.IGNORECASE,
)
"""A line that takes back what it goes on to show. `If it is empty: f("") == 0` does not."""
_CHAIN = re.compile(r"[^\S\n]*={1,2}(?![=>])[^\S\n]*")
_ANOTHER_VALUE = r"\s*[\d'\"\[({.+-]"
_AFTER = re.compile(
    rf"[`*)]*(?:[^\S\n]*(?:$|\#)|[.;:](?=[)\s`\"*]|$)|,(?!{_ANOTHER_VALUE})|[^\S\n]+\("
    r"|[^\S\n]+(?:--?|[\u2013\u2014])\s+[^\W\d_]{2}"
    r"|\s+(?:because|since|as|so|while|whereas|due|for|which|where)\b"
    rf"|\s+(?:and|but|not|then)\b(?!{_ANOTHER_VALUE}))",
    re.MULTILINE,
)
"""How a text goes on after a value that is complete: not with a unit, an operator or an alternative."""

_INPUT = re.compile(r"\binputs?[^\S\n]*\d*[^\S\n]*[:=]\**\s*", re.IGNORECASE)
_OUTPUT = re.compile(
    rf"`*[^\S\n]*[,;.]?(?:[^\S\n]*\#.*)?\s*(?:{_ARROW}\s*)?\**(?:(?:sample|expected)\s+)?"
    r"(?:outputs?|results?|returns?|answer)[^\S\n]*\d*[^\S\n]*[:=]\**\s*",
    re.IGNORECASE,
)
_FOR = re.compile(
    r"\b(?:(?:for|given|when|with)|(?:example|e\.g\.),?\s+if)\s+(?=\w+[^\S\n]*=)", re.IGNORECASE
)
_RESULT_PHRASE = re.compile(
    r"(?:(?!\n\s*\n)[^.]){0,120}?\b(?:returns?"
    r"|(?:output|result|answer|value|function|it|you)\s+(?:(?:should|will|must|would)\s+)?"
    rf"(?:be|is|returns?|outputs?|equals?))\b\s*:?\s*{_NOUN}",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(r"^[^\S\n]*(?=(?P<name>[A-Za-z_]\w*)[^\S\n]*[=:\[])", re.MULTILINE)
# Steps may stand between the assignments and the result, and several results above the last one.
_RESULT_LINE = re.compile(
    r"(?:\s*\n[^\S\n]*->.*)*(?:\s*\n[^\S\n]*result[^\S\n]*=.*(?=\n\s*=>))?"
    r"\s*\n[^\S\n]*(?:=>[^\S\n]*)?(?:returns?|result|output)\b[^\S\n]*[=:]?[^\S\n]*",
    re.IGNORECASE,
)
_STORY = re.compile(
    r"(?:example|e\.g\.)(?:(?!\n\s*\n)[^.]){0,60}?\bgiven\b(?P<given>(?:(?!\n\s*\n).|\n){1,400}?)"
    r"(?=\b(?:should|must|will)\s+return\b)",
    re.IGNORECASE,
)
_STORY_END = re.compile(rf"\w+\s+return\s+{_NOUN}")
_HEADING = re.compile(r"\bexamples?\b[^\S\n]*:?[^\S\n]*$", re.IGNORECASE | re.MULTILINE)
_CALL_ON_ITS_LINE = re.compile(r"^[^\S\n]*(?:[-*][^\S\n]+)?(?:assert[^\S\n]+)?([A-Za-z_]\w*)\(", re.MULTILINE)


def _passage(call: Call, result: re.Pattern[str], text: str) -> Iterator[Passage]:
    """The passage of a call after which `result` leads to the value it is said to have, if it does."""
    lead = result.match(text, call.end)
    value = _result_at(text, lead.end()) if lead else None
    if value is not None:
        example = Example(call=call.source, expected=value.source)
        yield Passage(start=call.start, end=value.end, example=example)


def _result_at(text: str, at: int) -> Reading | None:
    """The value at `at`, or the last one of `2 + 3 = 5`; None unless the text ends it beyond doubt."""
    value = read_value(text, at)
    while value is not None and (sign := _CHAIN.match(text, value.end)):
        value = read_value(text, sign.end())
    return value if value is not None and _AFTER.match(text, value.end) else None


def _statement_at(text: str, at: int) -> tuple[ast.Assert | None, int]:
    """The assertion that starts at `at`, over as many lines as its brackets need, and where it ends."""
    end = at
    for _ in range(_LONGEST_ASSERTION):
        end = text.find("\n", end + 1)
        end = len(text) if end < 0 else end
        module = parse_module(text[at:end].strip())
        match module:
            case ast.Module(body=[ast.Assert() as statement]):
                return statement, end
        if end == len(text):
            break
    return None, end


def _asserted(statement: ast.Assert | None, source: str, signature: Signature) -> Example | None:
    match statement:
        case ast.Assert(test=ast.Compare(left=left, ops=[ast.Eq()], comparators=[right])):
            call, expected = _segment(left, source), _segment(right, source)
        case ast.Assert(test=ast.UnaryOp(op=ast.Not(), operand=ast.Call() as truth)):
            call, expected = f"bool({_segment(truth, source)})", "False"
        case ast.Assert(test=ast.Call(func=ast.Attribute()) as comparison):
            call, expected = _MATH.sub('__import__("math")', _segment(comparison, source)), "True"
        case ast.Assert(test=ast.Call() as truth):
            call, expected = f"bool({_segment(truth, source)})", "True"
        case _:
            return None
    shown, value = runnable(call, signature), read_value(expected, 0)
    whole = value is not None and value.end == len(expected)
    return Example(call=shown, expected=value.source) if shown and value and whole else None


def _doctest_example(node: ast.expr, source: str, want: str, signature: Signature) -> Example | None:
    shown, expected = node, want
    match node:
        case ast.Call(func=ast.Name(id="print")):
            return None
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]) if want in ("", "True"):
            shown, expected = left, _segment(right, source)
        case ast.Subscript(value=ast.Call() as call) if not want and _stands_apart(call, source):
            # `>>> f([1]) [1]`: the sign between call and result was forgotten.
            shown, expected = call, _segment(node, source)[len(_segment(call, source)) :].strip()
    call_source = runnable(_segment(shown, source), signature)
    value = _result_at(expected, 0)
    return Example(call=call_source, expected=value.source) if call_source and value else None


def _means_none(text: str, at: int) -> bool:
    """True when the silence at `at` is the result: None is spoken of, and no result comes after a gap."""
    rest = text[at:].lstrip()
    return "None" in text and (not rest or rest.startswith(">>>"))


def _segment(node: ast.expr, source: str) -> str:
    return ast.get_source_segment(source, node) or ""


def _stands_apart(call: ast.Call, source: str) -> bool:
    return source[len(_segment(call, source)) :].startswith(" ")


def _values_in(text: str) -> list[str]:
    values = []
    at = 0
    while at < len(text):
        value = None if text[at - 1 : at].isalnum() else read_value(text, at)
        if value:
            values.append(value.source)
        at = value.end if value else at + 1
    return values


def _words(name: str) -> set[str]:
    return {word for word in name.lower().split("_") if len(word) > 2}
