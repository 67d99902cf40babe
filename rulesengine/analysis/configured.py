"""ConfiguredTarget: a target in a configuration, analysed; and the Analysis of a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rulesengine.errors import RulesEngineError
from rulesengine.model.action import ActionGraph
from rulesengine.model.artifact import Artifact
from rulesengine.model.depset import Depset
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.target import Target
from rulesengine.values import field, frozen, light

if TYPE_CHECKING:
    from rulesengine.analysis.conditions import Conditions

if TYPE_CHECKING:
    from rulesengine.analysis.compatibility import Incompatible


_NO_FILES: Depset[Artifact] = Depset()
_NO_GROUPS: dict[str, Depset[Artifact]] = {}
_NO_VARIABLES: dict[str, str] = {}


@light(eq=False)
class ConfiguredTarget:
    """What analysis knows of a target in a configuration.

    label: the target itself (an alias: what it names).
    module: the frozen Starlark module that holds its providers, among others; opaque.  None for a file.
    index: its place in that module.
    files: its default outputs, or the source file itself.
    runfiles: what its executable needs at run time.
    providers: names of the providers it returned.
    environment, inherited: what it is run with: variables, and names of those taken from the caller's environment.
    dependencies: keys of the configured targets it depends on.
    incompatible: why there is nothing of it on its platform.
    requirements: what `testing.ExecutionInfo` asks for a test's action, in the words of tags.
    """

    label: Label
    configuration: Configuration
    target: Target
    module: Any
    depset: Depset[Artifact]
    executable: Artifact | None = None
    runfiles: Depset[Artifact] = _NO_FILES
    groups: Mapping[str, Depset[Artifact]] = _NO_GROUPS
    providers: tuple[str, ...] = ()
    environment: Mapping[str, str] = _NO_VARIABLES
    dependencies: tuple[tuple[Label, Configuration], ...] = ()
    inherited: tuple[str, ...] = ()
    index: int = 0
    incompatible: Incompatible | None = None
    requirements: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Artifact, ...]:
        """The default outputs, in order."""
        return tuple(self.depset)

    @property
    def output_groups(self) -> dict[str, tuple[Artifact, ...]]:
        """OutputGroupInfo, flattened."""
        return {name: tuple(files) for name, files in self.groups.items()}


@frozen
class Analysis:
    """The outcome: what was asked for, the actions that make it, and (with keep_going) what failed.

    skipped: what a pattern named and the platform cannot have.  failed: what has no outcome, with keep_going.
    conditions: resolves what is left of select()s (attributes that every program has).
    runfiles_tree: path of an executable -> its runfiles tree, which is declared when it is asked for.
    own_files: path of a runfiles tree -> the default outputs that come along with its program where it is a tool.
    """

    graph: ActionGraph
    targets: list[ConfiguredTarget]
    errors: list[RulesEngineError] = field(factory=list)
    configured: dict[tuple[Label, Configuration], ConfiguredTarget] = field(factory=dict)
    runfiles_tree: Callable[[str], Artifact] | None = None
    own_files: Callable[[str], Depset[Artifact]] | None = None
    conditions: Conditions | None = None
    skipped: list[ConfiguredTarget] = field(factory=list)
    failed: frozenset[tuple[Label, Configuration]] = frozenset()
