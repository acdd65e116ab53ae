"""Extracts the examples that a prompt itself shows, as they stand in its docstring, right or wrong."""

import re

from events.work import Example
from fractal_agent.datasets.literals import kind
from fractal_agent.datasets.notations import (
    Notation,
    Passage,
    assertions,
    assignments,
    doctests,
    inputs_and_outputs,
    misnamed_calls,
    sentences,
    shown_calls,
    stories,
)
from fractal_agent.datasets.signature import Signature, read_signature

EXTRACTOR_VERSION = 2
"""Raised whenever any prompt may yield other examples than before; a test pins what each version yields."""

_NOTATIONS: tuple[Notation, ...] = (
    doctests,
    assertions,
    shown_calls,
    inputs_and_outputs,
    sentences,
    assignments,
    stories,
)
"""In the order in which they are tried: the unmistakable ones first."""

_DEFINITION = re.compile(r"\b(\w+)\((\w+)\)\s*(?:=|->)")


def extract_examples(prompt: str, entry_point: str) -> tuple[Example, ...]:
    """The examples in the docstring of the function to write, in the prompt's order, each once.

    Only the prompt is read and nothing is run. An example whose result or arguments cannot be read
    beyond doubt is left out; one that is wrong stays wrong. Empty when the prompt shows none, is not
    Python, or does not define `entry_point`.
    """
    signature = read_signature(prompt, entry_point)
    if signature is None:
        return ()
    passages = _passages(signature, _NOTATIONS) or _passages(signature, (misnamed_calls,))
    ordered = sorted(passages, key=lambda passage: passage.start)
    examples = tuple(dict.fromkeys(passage.example for passage in ordered if passage.example is not None))
    return _of_the_last_kind(examples) if _defines_a_sequence(signature) else examples


def _passages(signature: Signature, notations: tuple[Notation, ...]) -> list[Passage]:
    """What each notation finds in the text that those before it left."""
    text = signature.docstring
    passages: list[Passage] = []
    for notation in notations:
        found = list(notation(text, signature))
        for passage in found:
            text = text[: passage.start] + _blank(text[passage.start : passage.end]) + text[passage.end :]
        passages += found
    return passages


def _blank(text: str) -> str:
    return re.sub(r"\S", " ", text)


def _defines_a_sequence(signature: Signature) -> bool:
    """True when the docstring defines a sequence under the function's own name: `tri(n) = 1 + n / 2`."""
    definitions = {(found[1], found[2]) for found in _DEFINITION.finditer(signature.docstring)}
    return any((signature.entry_point, parameter) in definitions for parameter in signature.parameters)


def _of_the_last_kind(examples: tuple[Example, ...]) -> tuple[Example, ...]:
    """Terms of a sequence need not be results of the function: the last example shows what they look like."""
    return tuple(each for each in examples if kind(each.expected) == kind(examples[-1].expected))
