"""Output groups: which files of a target a build makes, and which of them it shows."""

from __future__ import annotations

from collections.abc import Iterable

from rulesengine.analysis import ConfiguredTarget
from rulesengine.errors import UsageError
from rulesengine.model.artifact import Artifact
from rulesengine.values import frozen

DEFAULT = "default"
"""The group of a target's default outputs."""
HIDDEN = "_hidden_top_level_INTERNAL_"
VALIDATION = "_validation"


@frozen
class Groups:
    """The groups to build.  shown: those whose files are results; hidden: those that are made all the same."""

    shown: tuple[str, ...] = (DEFAULT,)
    hidden: tuple[str, ...] = (HIDDEN, VALIDATION)

    @staticmethod
    def of(texts: Iterable[str], *, validations: bool = True) -> Groups:
        """From `--output_groups`: names replace the default, `+NAME` adds to it, `-NAME` takes away.

        Raises UsageError for an empty name.
        """
        words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
        hidden = dict.fromkeys([HIDDEN, VALIDATION] if validations else [HIDDEN])
        replaced = any(word[0] not in "+-" for word in words)
        chosen: dict[str, None] = {} if replaced else {DEFAULT: None}
        for word in words:
            name = word.lstrip("+-")
            if not name:
                raise UsageError(f"--output_groups: {word!r} names no group", hint="write NAME, +NAME or -NAME")
            if word[0] == "-":
                chosen.pop(name, None)
                hidden.pop(name, None)
            else:
                chosen[name] = None
        return Groups(tuple(chosen), tuple(hidden))

    def files(self, target: ConfiguredTarget) -> tuple[Artifact, ...]:
        """What a target's results are."""
        if self.shown == (DEFAULT,):
            return target.files
        return tuple(dict.fromkeys(file for name in self.shown for file in _group(target, name)))

    def made(self, target: ConfiguredTarget) -> tuple[Artifact, ...]:
        """What is made of a target: its results and what is hidden."""
        files = self.files(target)
        if not target.groups:
            return files
        return (*files, *(file for name in self.hidden if name in target.groups for file in _group(target, name)))


def _group(target: ConfiguredTarget, name: str) -> Iterable[Artifact]:
    if name in target.groups:
        return target.groups[name]
    return target.files if name == DEFAULT else ()
