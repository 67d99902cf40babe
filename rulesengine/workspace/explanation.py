"""Explanation: why something was made anew, from the effect to its causes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rulesengine.values import frozen

KINDS = {
    "source": "source file edited",
    "added": "file added",
    "removed": "file removed",
    "lock": "lock file entry",
    "attribute": "attribute changed",
    "environment": "environment variable",
    "flag": "flag",
    "platform": "platform",
    "rule": "rule changed",
    "op": "operation's version",
    "compressor": "compressor setting",
    "base image": "base image",
    "argument": "argument",
    "input": "input",
    "cache": "result lost from the cache",
    "output": "output edited by hand",
    "first": "built for the first time",
    "fresh": "runs in every build",
    "unstable": "not reproducible",
    "unknown": "unknown",
}
"""What kinds of causes there are."""


@frozen
class Cause:
    """What was changed.

    kind: one of KINDS.  what: a file, an attribute, a variable, a package … .  place: where it is written
    (`FILE:LINE`), or empty.  old, new: values or digests, empty where there was none.  label: the target it belongs to.
    """

    kind: str
    what: str
    old: str = ""
    new: str = ""
    place: str = ""
    label: str = ""

    def __str__(self) -> str:
        out = f"{KINDS[self.kind]}: {self.what}" if self.what else KINDS[self.kind]
        if self.old or self.new:
            out += f": {_short(self.old) or '(none)'} → {_short(self.new) or '(none)'}"
        where = [one for one in (self.place, self.label) if one and one not in self.what]
        return out + (f" ({', '.join(where)})" if where else "")


@frozen
class Change:
    """An effect: an action that ran (or would run), or a document that is another now.

    what: in words.  label: the target.  path: its output.  old, new: digests.  causes: what was changed right here.
    below: effects that caused this one.
    """

    what: str
    label: str = ""
    path: str = ""
    old: str = ""
    new: str = ""
    causes: tuple[Cause, ...] = ()
    below: tuple[Change, ...] = ()
    note: str = ""


@frozen
class Explanation:
    """changes: effects, each with its causes.  status: one line that holds for all of it."""

    changes: tuple[Change, ...]
    status: str = ""

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The causes at the ends of all chains, each once."""
        out: dict[Cause, None] = {}
        seen: set[int] = set()
        stack = list(reversed(self.changes))
        while stack:
            one = stack.pop()
            if id(one) not in seen:
                seen.add(id(one))
                out.update(dict.fromkeys(one.causes))
                stack += reversed(one.below)
        return tuple(out)

    def text(self) -> str:
        """As a tree, effects above their causes."""
        lines = [self.status] if self.status else []
        seen: set[int] = set()
        for one in self.changes:
            lines += _tree(one, seen)
        causes = self.causes
        if causes and any(one.below for one in self.changes):
            lines += ["", "cause:" if len(causes) == 1 else "causes:", *(f"  {one}" for one in causes)]
        return "".join(f"{line}\n" for line in lines)

    def json(self) -> str:
        """As one JSON value."""
        return json.dumps(
            {
                "status": self.status,
                "causes": [_cause_json(one) for one in self.causes],
                "changes": [_change_json(one, {}) for one in self.changes],
            },
            indent=2,
            ensure_ascii=False,
        )


def _tree(change: Change, seen: set[int]) -> Iterator[str]:
    """A change and those below it; what was shown before is named only.  Without recursion: chains may be long."""
    stack: list[tuple[str, str, Change | Cause]] = [("", "", change)]
    while stack:
        first, rest, one = stack.pop()
        if isinstance(one, Cause):
            yield f"{first}{one}"
            continue
        head = one.what + (f" {one.path}" if one.path else "")
        if one.old or one.new:
            head += f" {_short(one.old) or '(none)'} → {_short(one.new) or '(none)'}"
        if id(one) in seen:
            yield f"{first}{head} (see above)"
            continue
        seen.add(id(one))
        yield first + head + (f": {one.note}" if one.note else "")
        inner: Sequence[Change | Cause] = (*one.causes, *one.below)
        for place in range(len(inner) - 1, -1, -1):
            last = place == len(inner) - 1
            stack.append((rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "), inner[place]))


def _short(text: str) -> str:
    """A digest with twelve digits; a long text cut."""
    if text.startswith("sha256:") and len(text) == 71:
        return text[:19]
    text = " ".join(text.split())
    return text if len(text) <= 100 else text[:99] + "…"


def _cause_json(one: Cause) -> dict[str, Any]:
    value = {"kind": one.kind, "what": one.what, "old": one.old, "new": one.new}
    return value | {name: text for name, text in (("place", one.place), ("label", one.label)) if text}


def _change_json(one: Change, done: dict[int, dict[str, Any]]) -> dict[str, Any]:
    known = done.get(id(one))
    if known is None:
        known = {"what": one.what, "label": one.label, "path": one.path, "old": one.old, "new": one.new}
        if one.note:
            known["note"] = one.note
        done[id(one)] = known
        known["causes"] = [_cause_json(cause) for cause in one.causes]
        known["below"] = [_change_json(below, done) for below in one.below]
    return known
