"""The list of models as servers give it."""

from collections.abc import Iterator, Sequence

import msgspec

from fractal_agent.engines.openai.bodies import as_dict, document_in

_LISTS = ("data", "models", "result", "items")
_NAMES = ("id", "name", "model", "model_name")


class Model(msgspec.Struct, frozen=True):
    """One model that a server offers."""

    name: str
    owner: str = ""

    def goes_by(self, name: str) -> bool:
        """True for the name itself, with Gemini's `models/` before it or Ollama's `:latest` behind it."""
        return name in {self.name, self.name.removeprefix("models/"), self.name.removesuffix(":latest")}


def models_in(body: str) -> tuple[Model, ...]:
    """The models named in the body of a reply; none where it holds no list."""
    document = document_in(body)
    found = as_dict(document)
    listed = (
        document
        if isinstance(document, list)
        else next((value for name in _LISTS if isinstance(value := found.get(name), list)), [])
    )
    return tuple(_models(listed))


def _models(listed: Sequence[object]) -> Iterator[Model]:
    for entry in listed:
        fields = as_dict(entry)
        name = (
            entry
            if isinstance(entry, str)
            else next((fields[key] for key in _NAMES if fields.get(key)), None)
        )
        owner = fields.get("owned_by")
        if isinstance(name, str):
            yield Model(name, owner if isinstance(owner, str) else "")
