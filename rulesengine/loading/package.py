"""Package: a BUILD file evaluated, and what it declared."""

from __future__ import annotations

import os
from contextlib import suppress

from rulesengine.errors import (
    Location,
    NoSuchTargetError,
    did_you_mean,
)
from rulesengine.model.label import Label
from rulesengine.model.macro import MacroInstance
from rulesengine.model.target import PRIVATE, PUBLIC, Target
from rulesengine.values import define, field

_LIST_AFTER = 8
"""Files of one directory that are looked for one by one."""


@define(eq=False)
class Package:
    """The targets of one package, by name.

    referenced: source files that a rule of this package names, hence targets that others may use.
    exported: source files of exports_files() and their visibility.
    above_outputs: directories that outputs lie in, and one such output each.
    macros: instances of symbolic macros by name; one calls the next when there are several.
    """

    repo: str
    name: str
    directory: str
    build_file: str
    targets: dict[str, Target] = field(factory=dict)
    default_visibility: tuple[str, ...] = (PRIVATE,)
    default_testonly: bool = False
    default_deprecation: str = ""
    default_features: tuple[str, ...] = ()
    exported: dict[str, tuple[str, ...]] = field(factory=dict)
    exported_at: dict[str, Location | None] = field(factory=dict)
    referenced: set[str] = field(factory=set)
    packages_called: bool = False
    above_outputs: dict[str, str] = field(factory=dict)
    macros: dict[str, list[MacroInstance]] = field(factory=dict)
    _asked: int = 0
    _listed: set[str] = field(factory=set)

    @property
    def id(self) -> str:
        """`//package` or `@repo//package`."""
        return (f"@{self.repo}" if self.repo else "") + "//" + self.name

    def target(self, name: str) -> Target:
        """A target by name; source files that rules mention or that are exported are targets too.

        Raises NoSuchTargetError with near names.
        """
        found = self.targets.get(name)
        if found is not None:
            return found
        label = Label(self.repo, self.name, name)
        exists = self._exists(name)
        named = name in self.exported or name in self.referenced or name == os.path.basename(self.build_file)
        if named and exists:
            build = os.path.basename(self.build_file)
            other = self.default_visibility if name in self.referenced or name == build else (PUBLIC,)
            made = Target(label, "source", visibility=self.exported.get(name, other))
            self.targets[name] = made
            return made
        if exists:
            raise NoSuchTargetError(
                f"no target '{name}' in {self.id}; a source file of this name exists",
                label=label,
                hint=f'add exports_files(["{name}"]) to {self.build_file}',
            )
        what = "target or file" if named else "target"
        raise NoSuchTargetError(
            f"no {what} '{name}' in {self.id}",
            label=label,
            location=self.exported_at.get(name),
            hint=did_you_mean(name, self._names(name))
            or f"{self.build_file} declares: {_some(sorted(self.targets)) or 'nothing'}",
        )

    def absent(self, name: str) -> Target:
        """A source file that a rule names and that is not there, which what is made of it will say."""
        return Target(Label(self.repo, self.name, name), "source", visibility=self.default_visibility)

    def _exists(self, name: str) -> bool:
        """Whether a file of that name is there.  The directory is listed once where many are asked for."""
        self._asked += 1
        if self._asked == _LIST_AFTER:
            with suppress(OSError):
                self._listed = set(os.listdir(self.directory))
        return name in self._listed or os.path.lexists(os.path.join(self.directory, name))

    def _names(self, like: str) -> list[str]:
        """Targets, and files in the directory where a file of that name would be."""
        prefix = like.rpartition("/")[0]
        try:
            files = os.listdir(os.path.join(self.directory, prefix))
        except OSError:
            files = []
        return [*self.targets, *(f"{prefix}/{name}" if prefix else name for name in files)]

    def rule_targets(self) -> list[Target]:
        """The rule instances, in order of declaration."""
        return [target for target in self.targets.values() if target.kind == "rule"]


def _some(names: list[str], count: int = 8) -> str:
    return ", ".join(names[:count]) + (" …" if len(names) > count else "")
