"""Action: one command with declared inputs and outputs, as analysis declares it (not yet digested)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rulesengine.errors import ConflictError
from rulesengine.model.artifact import Artifact
from rulesengine.model.depset import Depset
from rulesengine.model.digest import Digest
from rulesengine.values import frozen, light

OP_EXECUTABLE = "rulesengine-op"
"""argv[0] of every action that is a Python operation; argv[1] is `NAME@VERSION`."""

BASE_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": "UTC", "HOME": "/tmp"}
"""What every command's environment holds, wherever it runs; the action's own variables come on top.

No locale, as in Bazel: it is C, which Python takes for UTF-8, and a shell starts in 0.7 ms less.
"""


@light
class PathArgument:
    """An artifact's execution path inside an argument; `format` has one `%s` where the path goes."""

    artifact: Artifact
    format: str = "%s"


Members = Callable[[Artifact], Sequence[str]]
ITSELF = (".",)
"""What Members say of a tree that is not looked into: it stands for itself, as in answers to queries."""
"""The paths of a tree's files, below the tree, in order."""


@frozen
class TreeArgument:
    """One argument for each file of a tree; `format` as in PathArgument."""

    artifact: Artifact
    format: str = "%s"


@frozen(eq=False)
class LateArgument:
    """Arguments that `make` gives once trees can be looked into; `format` as in PathArgument."""

    make: Callable[[Members], Sequence[str | PathArgument]]
    format: str = "%s"


@frozen
class Vector:
    """What Args.add_all (and with `join`, a separator and a format, Args.add_joined) adds when trees are among it."""

    values: tuple[str | PathArgument | TreeArgument | LateArgument, ...]
    name: str | None = None
    before_each: str | None = None
    terminate_with: str | None = None
    omit_if_empty: bool = True
    uniquify: bool = False
    join: tuple[str, str] | None = None


@frozen
class Group:
    """What one call added to Args of the form flag_per_line, as one argument: `first=second third`."""

    items: tuple[Argument, ...]


@frozen
class Flags:
    """Of groups those that are flags (begin with `--`), or the others: a parameter file takes the flags only."""

    groups: tuple[Argument, ...]
    flags: bool = True


@frozen
class Lines:
    """Arguments as one text, a line each: what a parameter file holds.  form: `shell` quotes, the others do not."""

    items: tuple[Argument, ...]
    form: str = "shell"


Argument = str | PathArgument | Vector | Group | Flags | Lines


@frozen
class TestRun:
    """That an action is a run of a test: a failure is a result of it, not an error of the build.

    name: as its XML report names it.  attempts: how often it is tried until it passes.
    fresh: run it even though a result is known.
    """

    __test__ = False

    name: str
    attempts: int = 1
    fresh: bool = False


@light(eq=False)
class Action:
    """A command, its declared inputs and outputs, and how it may run.

    owner: label of the configured target that declared it; configuration: that target's mnemonic.
    platform: REAPI platform properties, sorted.
    pinned: outputs whose digest is known before the action runs (a fetch by digest): such an
        action is run only when somebody needs the bytes.
    network: whether the action may reach the network (only for a pinned digest, DESIGN invariant 3).
    timeout: seconds, 0 for none.
    local: whether it must run without a sandbox.
    resources: what it uses while it runs: `cpu` in processors, `memory` in MB, others by name.
    exclusive: whether nothing else may run beside it.
    """

    owner: str
    mnemonic: str
    arguments: tuple[Argument, ...]
    inputs: Depset[Artifact]
    outputs: tuple[Artifact, ...]
    configuration: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    platform: tuple[tuple[str, str], ...] = ()
    progress_message: str = ""
    pinned: tuple[tuple[Artifact, Digest], ...] = ()
    network: bool = False
    cacheable: bool = True
    timeout: int = 0
    local: bool = False
    resources: tuple[tuple[str, float], ...] = (("cpu", 1.0),)
    exclusive: bool = False
    test: TestRun | None = None

    @property
    def op(self) -> str | None:
        """`NAME@VERSION` of the operation this action runs, or None for a process."""
        if len(self.arguments) > 1 and self.arguments[0] == OP_EXECUTABLE:
            name = self.arguments[1]
            return name if isinstance(name, str) else None
        return None

    @property
    def whole_environment(self) -> dict[str, str]:
        """What its command sees; an operation sees nothing but what is the action's own."""
        own = dict(self.environment)
        return own if self.op is not None else BASE_ENVIRONMENT | own

    def describe(self) -> str:
        """What a progress line says of it."""
        return self.progress_message or f"{self.mnemonic} {self.outputs[0].short_path if self.outputs else ''}"


_LATER = Action("", "", (), Depset(), ())
"""Stands for an action that nobody asked for up to now."""


class ActionGraph:
    """All actions of an analysis, and which action makes which artifact.

    make: the actions that `later` was told of, in order; an analysis alone, or a query of targets, does without them.
    beside: where nothing will be made: actions that were declared a second time, and those of other targets for
    outputs that have an action already.  None: they go, and the latter are conflicts.
    """

    def __init__(self, beside: list[Action] | None = None) -> None:
        self.beside = beside
        self.make: Callable[[Any], Iterable[Action]] | None = None
        self._actions: list[Action] = []
        self._again: list[Action] = []
        self._makers: dict[Artifact, Action] = {}
        self._waiting: dict[int, Any] = {}

    @property
    def actions(self) -> list[Action]:
        """All of them, in the order in which they were declared."""
        self._settle()
        return self._actions

    def owned(self, owner: str, configuration: str) -> list[Action]:
        """What a target declared, which may be what others declared as well."""
        every = (*self.actions, *self._again, *(self.beside or ()))
        return [one for one in every if one.owner == owner and one.configuration == configuration]

    @property
    def makers(self) -> dict[Artifact, Action]:
        """The action of each artifact that one makes."""
        self._settle()
        return self._makers

    @property
    def outputs(self) -> Iterable[Artifact]:
        """What the actions make."""
        return self._makers.keys()

    def makes(self, artifact: Artifact) -> bool:
        """Whether an action makes an artifact."""
        return artifact in self._makers

    def later(self, outputs: Iterable[Artifact], what: Any) -> None:
        """Add what `make` gives for `what`: actions that make these outputs, which no other action makes."""
        self._waiting[len(self._actions)] = what
        self._actions.append(_LATER)
        for output in outputs:
            self._makers[output] = _LATER

    def _settle(self) -> None:
        if not self._waiting:
            return
        assert self.make is not None
        made: list[Action] = []
        for place, action in enumerate(self._actions):
            if action is not _LATER:
                made.append(action)
                continue
            for one in self.make(self._waiting[place]):
                made.append(one)
                for output in one.outputs:
                    self._makers[output] = one
        self._actions = made
        self._waiting.clear()

    def add(self, action: Action) -> None:
        """Add an action; nothing where it is there already.

        Raises ConflictError where another action makes one of its outputs.
        """
        for output in action.outputs:
            other = self._makers.get(output)
            if other is _LATER:
                other = self.makers[output]
            if other is not None:
                alike = _alike(other, action)
                if self.beside is not None and (alike or other.owner != action.owner):
                    self.beside.append(action)
                    return
                if alike:
                    if other.owner != action.owner:
                        self._again.append(action)
                    return
                raise ConflictError(
                    f"file '{output.short_path}' is made by two actions that are not the same: "
                    f"{other.mnemonic} of {other.owner} and {action.mnemonic} of {action.owner}",
                    label=action.owner,
                    hint="give one of the outputs another name",
                )
        for output in action.outputs:
            self._makers[output] = action
        self._actions.append(action)


def _alike(one: Action, other: Action) -> bool:
    """Whether two actions are one, declared twice: whose they are and what is said meanwhile does not matter."""
    return all(getattr(one, name) == getattr(other, name) for name in _IDENTITY) and set(one.inputs) == set(
        other.inputs
    )


_IDENTITY = (
    "mnemonic",
    "arguments",
    "outputs",
    "environment",
    "platform",
    "pinned",
    "network",
    "cacheable",
    "timeout",
    "local",
)


def nested_outputs(outputs: Iterable[Artifact]) -> Iterator[ConflictError]:
    """Outputs that lie inside other outputs, which cannot be in one build."""
    paths = {output.path: output for output in outputs}
    above: dict[str, str | None] = {}

    def inside(directory: str) -> str | None:
        """The output that `directory` is or lies in."""
        if directory not in above:
            above[directory] = (
                directory if directory in paths else inside(directory.rpartition("/")[0]) if directory else None
            )
        return above[directory]

    for path, artifact in paths.items():
        outer = inside(path.rpartition("/")[0])
        if outer is not None:
            other = paths[outer]
            yield ConflictError(
                f"output '{artifact.short_path}' of {artifact.owner} lies inside output '{other.short_path}' of"
                f" {other.owner}",
                label=artifact.owner,
                hint="give one of them another name, or build only one of them",
            )
