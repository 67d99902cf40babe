"""Explaining: `explain LABEL` and `explain --digest OLD NEW` over the history of a workspace."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Sequence

from rulesengine.errors import UsageError
from rulesengine.values import evolve
from rulesengine.workspace.comparing import Comparison, digest_of, title
from rulesengine.workspace.explanation import Cause, Change, Explanation
from rulesengine.workspace.past import Found, Past, Run

_HEX = frozenset("0123456789abcdef")
_SHORTEST = 6


# ---- explain --digest ---------------------------------------------------------------


def explain_digests(past: Past, root: str, old: str, new: str, label: str = "") -> Explanation:
    """Why `new` is another digest than `old`.

    old, new: digests (`sha256:…`, or the beginning of one, from six digits), or directories with an OCI layout.
    label: look at outputs of this target only.  Raises UsageError for what the history does not know.
    """
    if not past.runs:
        raise UsageError("this workspace has no history of builds yet", hint="build the target, before and after")
    before, after = _named(past, old, label), _named(past, new, label)
    first, second = _pair(before, after)
    if first.digest == second.digest:
        return Explanation((), f"{old} and {new} are the same: {_described(first)}")
    if first.run is None or second.run is None:
        if first.path == second.path:
            cause = Cause("source", second.path, first.digest, second.digest)
            return Explanation((Change("source file", "", second.path, first.digest, second.digest, (cause,)),))
        raise UsageError(
            f"{old} is {_described(first)}, and {new} is {_described(second)}: they are not the same thing"
        )
    found = Comparison(past, root).explain(first.run, second.run)
    top = _documents(first, second, found)
    return Explanation((top,), f"{_described(first)} → {_described(second)}")


def _named(past: Past, text: str, label: str) -> list[Found]:
    if os.path.isdir(text):
        text = _layout_digest(text)
    digits = text.removeprefix("sha256:").lower()
    if len(digits) < _SHORTEST or not set(digits) <= _HEX or len(digits) > 64:
        raise UsageError(
            f"{text!r} is neither a digest nor a directory with an OCI layout",
            hint="write sha256:…, or the beginning of one, from six digits; pybuild --show_output=digests shows them",
        )
    found = past.find(digits)
    mine = [one for one in found if not label or (one.run is not None and one.run.line["owner"] == label)]
    if not mine:
        where = f" among the outputs of {label}" if label and found else ""
        raise UsageError(
            f"the history of this workspace knows no {text}{where}",
            hint="it knows what was built here; rebuild the old revision (git worktree, or checkout) with this cache",
        )
    if len({one.digest for one in mine}) > 1:
        some = ", ".join(sorted({one.digest[:23] for one in mine})[:4])
        raise UsageError(f"{text} is the beginning of several digests: {some}", hint="write more digits")
    return mine


def _layout_digest(directory: str) -> str:
    try:
        with open(os.path.join(directory, "index.json"), encoding="utf-8") as stream:
            entries = json.load(stream)["manifests"]
        if len(entries) != 1:
            raise UsageError(f"{directory}/index.json has {len(entries)} entries", hint="name a digest instead")
        return str(entries[0]["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"{directory} holds no OCI layout that can be read", hint="index.json names its image"
        ) from None


def _pair(before: Sequence[Found], after: Sequence[Found]) -> tuple[Found, Found]:
    """Of what two digests may be, the two that are most alike."""

    def unlike(pair: tuple[Found, Found]) -> tuple[bool, bool, int, bool, bool, int]:
        first, second = pair
        owners = [one.run.line["owner"] if one.run is not None else one.path for one in pair]
        lower = min(first.run.build, second.run.build) if first.run is not None and second.run is not None else 0
        places = first.path != second.path, first.platform != second.platform
        return owners[0] != owners[1], first.kind != second.kind, first.rank + second.rank, *places, -lower

    return min(((one, other) for one in before for other in after), key=unlike)


def _described(one: Found) -> str:
    if one.run is None:
        return f"source file {one.path}"
    owner = one.run.line["owner"]
    platform = f" for {one.platform}" if one.platform else ""
    words = {
        "index": "image index of",
        "manifest": "image of",
        "part": f"image{platform} of",
        "config": f"image configuration{platform} of",
        "layer": f"layer of the image{platform} of",
        "tree": "output of",
        "output": "output of",
    }[one.kind]
    return f"{words} {owner} (build {one.run.build})"


def _documents(first: Found, second: Found, change: Change) -> Change:
    """A change with the documents of an image in between: the manifest's layers, or its configuration."""
    assert first.run is not None
    assert second.run is not None
    if first.kind in ("config", "layer", "part") or first.kind != second.kind:
        return evolve(change, old=first.digest, new=second.digest)
    return change


# ---- explain LABEL --------------------------------------------------------------------


def last_runs(past: Past, root: str, targets: Collection[tuple[str, str]]) -> tuple[Change, ...]:
    """Why each action of the targets (label, configuration) came to its last result."""
    comparison = Comparison(past, root)
    return tuple(
        _last(past, comparison, runs)
        for runs in past.runs.values()
        if (runs[-1].line["owner"], runs[-1].line["configuration"]) in targets
    )


def runs_since(base: str, root: str, build: int) -> Explanation:
    """Why each action ran that did so after a build of this number.  base: the output base.  Never raises."""
    past = Past.read(base)
    comparison = Comparison(past, root)
    return Explanation(
        tuple(_last(past, comparison, runs) for runs in past.runs.values() if runs[-1].build > build and runs[-1].ran)
    )


def _last(past: Past, comparison: Comparison, runs: Sequence[Run]) -> Change:
    last = runs[-1]
    said = _said(past, last)
    if len(runs) > 1:
        found = comparison.explain(runs[-2], last)
        return evolve(found, note=f"{said}; before that in build {runs[-2].build}")
    other = _elsewhere(past, last)
    if other is not None:
        found = comparison.explain(other, last)
        return evolve(found, note=f"{said}; before that for {other.line['configuration']} in build {other.build}")
    line = last.line
    shown = line["path"].split("/", 3)[-1]
    cause = Cause("first", shown, label=line["owner"])
    return Change(title(last), line["owner"], shown, "", digest_of(last), (cause,), note=said)


def _said(past: Past, run: Run) -> str:
    if run.pending:
        return {
            "runs": "would run",
            "waits": "would run, if what it waits for comes out differently",
            "cached": "would be taken from the cache",
        }[run.pending]
    return f"{'ran' if run.ran else 'was taken from the cache'} in build {run.build}{_when(past, run)}"


def _elsewhere(past: Past, run: Run) -> Run | None:
    """The last run before of what is the same in another configuration."""
    line = run.line
    name = line["path"].split("/", 2)[-1]
    found = [
        one
        for runs in past.runs.values()
        for one in runs
        if one.build < run.build
        and one.line["owner"] == line["owner"]
        and one.line["mnemonic"] == line["mnemonic"]
        and one.line["path"].split("/", 2)[-1] == name
    ]
    return max(found, key=lambda one: one.build, default=None)


def _when(past: Past, run: Run) -> str:
    at = past.builds.get(run.build, {}).get("at")
    return time.strftime(" (%Y-%m-%d %H:%M:%S)", time.localtime(at)) if at else ""


__all__ = ["explain_digests", "last_runs", "runs_since"]
