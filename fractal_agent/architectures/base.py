"""What an architecture is: an async function from a problem to code, over a stage of roles."""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, Protocol, TypeVar

import fractal_agent.architectures
from agents.replies.whole import is_class
from agents.role import Role
from events import CodeWritten, Event, ProblemPosed, Settings

In = TypeVar("In", bound=Event)
Out = TypeVar("Out", bound=Event)
Item = TypeVar("Item")
Result = TypeVar("Result")


class Stage(Protocol):
    """Where an architecture meets its roles. Everything that passes over it is logged first."""

    @property
    def settings(self) -> Settings: ...

    async def ask(self, role: Role[In, Out], event: In) -> Out:
        """The role's answer to the event; what the role raises is raised here.

        One thing at a time: a second `ask` or `each` before this one has returned is an error.
        """
        ...

    async def each(
        self,
        items: Iterable[Item],
        act: Callable[["Stage", Item], Awaitable[Result]],
        *,
        key: str,
    ) -> tuple[Result, ...]:
        """`act` on all items side by side, each on a stage of its own; results in the items' order.

        `key` names the branches (`draft-0`, `draft-1`, ...); used again, for more of the same, it counts on.
        When some raise, all are awaited; then a signal (see `replay.signals`) or else the first error in
        the items' order is raised. `act` asks the stage it is handed, not this one.
        """
        ...


class ArchitectureError(Exception):
    """An architecture is declared in a way that cannot work."""


class FunctionsOnly(ArchitectureError):
    """An architecture that joins lines of a function's body is to write something else."""

    def __init__(self, name: str, task_id: str, wanted: str) -> None:
        super().__init__(
            f"{task_id} asks for a {wanted}, and the architecture {name} writes the body of a function, step "
            "by step. Choose another architecture, or leave such problems out with --task."
        )


class Architecture:
    """A way to make roles solve a problem. Made by `@architecture`; has no state."""

    def __init__(self, run: Callable[[ProblemPosed, Stage], Awaitable[CodeWritten]]) -> None:
        self.name: str = getattr(run, "__name__", repr(run))
        _require_shape(self.name, run)
        self.purpose = (inspect.getdoc(run) or "").partition("\n")[0]
        self.run = run
        self.functions_only: bool = getattr(run, "functions_only", False)
        """It can write nothing but functions; see `for_functions`."""

    def check(self, problems: Iterable[ProblemPosed]) -> None:
        """Raises FunctionsOnly if one of them asks for what this architecture cannot write."""
        for problem in problems if self.functions_only else ():
            if problem.kind == "program" or is_class(problem):
                wanted = "program" if problem.kind == "program" else "class"
                raise FunctionsOnly(self.name, problem.task_id, wanted)

    @property
    def source(self) -> str:
        """The text of the file that the architecture stands in."""
        return inspect.getsource(inspect.getmodule(self.run) or self.run)


def architecture(run: Callable[[ProblemPosed, Stage], Awaitable[CodeWritten]]) -> Architecture:
    """Makes an architecture of `async def name(problem: ProblemPosed, stage: Stage) -> CodeWritten`.

    Raises:
        ArchitectureError: the function is not of that shape; the message says what is missing.
    """
    return Architecture(run)


def for_functions(
    run: Callable[[ProblemPosed, Stage], Awaitable[CodeWritten]],
) -> Callable[[ProblemPosed, Stage], Awaitable[CodeWritten]]:
    """Says of an architecture that it can write functions and neither programs nor classes."""
    run.functions_only = True  # type: ignore[attr-defined]  # read by `Architecture`
    return run


def _require_shape(name: str, run: Callable[..., object]) -> None:
    wanted = f"expected async def {name}(problem: ProblemPosed, stage: Stage) -> CodeWritten"
    if not inspect.iscoroutinefunction(run):
        raise ArchitectureError(f"architecture {name} is no async function: {wanted}")
    try:
        inspect.signature(run).bind(None, None)
    except TypeError as error:
        raise ArchitectureError(
            f"architecture {name} does not take two arguments ({error}): {wanted}"
        ) from None


def architectures_in(module: ModuleType) -> dict[str, Architecture]:
    """The architectures that stand at the top level of a module, by name."""
    return {value.name: value for value in vars(module).values() if isinstance(value, Architecture)}


def built_in_architectures() -> Mapping[str, Architecture]:
    """Every architecture in this package, by name: a new file in the folder is enough to add one."""
    found: dict[str, Architecture] = {}
    package: Any = fractal_agent.architectures
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        found.update(architectures_in(importlib.import_module(f"{package.__name__}.{info.name}")))
    return found
