"""What a build gives back: targets, their outputs, images described, counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rulesengine.errors import RulesEngineError
from rulesengine.model.digest import Digest
from rulesengine.values import field, frozen

if TYPE_CHECKING:
    from rulesengine.workspace.capturing import Captured
    from rulesengine.workspace.test_report import TestResult


@frozen
class ImagePlatform:
    """One image of an OCI layout.  size: the bytes that a pull moves (config and layers)."""

    platform: str
    digest: Digest
    size: int


@frozen
class Image:
    """An OCI layout: the digest that a registry would show for it, and the images inside.

    media_type: of the one descriptor in index.json: an image manifest or an image index.
    """

    digest: Digest
    media_type: str
    platforms: tuple[ImagePlatform, ...]


@frozen
class Output:
    """One output.

    name: below the configuration's `bin` directory (`base/static`), or below the root for a source.
    path: absolute, on this machine.  digest: of a file's bytes; of a tree's root REAPI Directory.
    size: bytes of a file; of a tree, the sum of its files.
    """

    name: str
    path: str
    digest: Digest
    size: int
    directory: bool = False
    executable: bool = False
    image: Image | None = None


@frozen
class Program:
    """An executable as it is to be run.

    path: absolute.  directory: where it starts: the main repository's directory in its runfiles tree.
    arguments: those of its `args` attribute.  environment: variables that its rule sets; inherited: names of those
    that its rule takes from the caller, which win.
    """

    path: str
    directory: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(factory=dict)
    inherited: tuple[str, ...] = ()

    def variables(self, caller: Mapping[str, str]) -> dict[str, str]:
        """The whole environment, over the caller's."""
        return {**caller, **self.environment, **{name: caller[name] for name in self.inherited if name in caller}}


@frozen
class TargetResult:
    """A top-level target: label, configuration's mnemonic, outputs (empty where it failed).

    skipped: why a pattern's target was left out (its platform cannot have it), or empty.
    program: how it is run, where that was asked for.
    """

    label: str
    configuration: str
    outputs: tuple[Output, ...] = ()
    failed: bool = False
    skipped: str = ""
    program: Program | None = None

    @property
    def image(self) -> Image | None:
        """The description of its only output, where that is an OCI layout."""
        return self.outputs[0].image if len(self.outputs) == 1 else None


@frozen
class BuildResult:
    """The outcome of a build.

    actions_run, actions_cached, actions_failed: how many actions the request needed and what became of them.
    elapsed: seconds.  errors: empty unless the build went on after failures (keep_going).
    tests: how the tests went, where tests were asked for.
    link: the `pybuild-bin` directory's path, or the real directory where no link could be made.
    """

    targets: tuple[TargetResult, ...]
    actions_run: int = 0
    actions_cached: int = 0
    actions_failed: int = 0
    elapsed: float = 0.0
    errors: tuple[RulesEngineError, ...] = ()
    link: str = ""
    fetched: int = 0
    tests: tuple[TestResult, ...] = ()
    looked_at: LookedAt | None = field(default=None, eq=False, repr=False)

    @property
    def ok(self) -> bool:
        """Whether everything asked for was built."""
        return not self.errors and not any(target.failed for target in self.targets)

    @property
    def actions(self) -> int:
        """All actions that the request needed."""
        return self.actions_run + self.actions_cached + self.actions_failed


@frozen
class LookedAt:
    """Every path that decided the outcome: for the no-op index.

    read: files and listed directories; absent: looked for and not there; made: outputs with their stat
    signatures; links: symbolic links and their targets; started_ns: when the build began.
    replay: how to go on from here when only sources change.  steady: directories that the build itself writes
    links into, with a digest of what else is in them.
    """

    started_ns: int
    read: frozenset[str]
    absent: frozenset[str]
    made: tuple[tuple[str, tuple[int, int, int, int, int]], ...]
    links: tuple[tuple[str, str], ...]
    replay: Captured | None = None
    steady: tuple[tuple[str, bytes], ...] = ()
