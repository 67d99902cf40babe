"""Declared: what of two versions of a target's declaration and configuration accounts for what differs in an action."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from rulesengine.errors import LabelError
from rulesengine.execution.history import Line
from rulesengine.model.label import Label
from rulesengine.model.platform import COMMAND_LINE
from rulesengine.model.target import branches
from rulesengine.values import define, field
from rulesengine.workspace.explanation import Cause
from rulesengine.workspace.past import Past, Run

_BUILD_FILES = ("BUILD", "BUILD.bazel")

Told = tuple[str, str, str, str]


@define
class Declared:
    """Causes in declarations for two runs of an action."""

    past: Past
    root: str
    old: Run
    new: Run
    _changed: list[str] | None = field(default=None)

    @property
    def changed(self) -> list[str]:
        """The files that loading reads and that changed between the runs."""
        if self._changed is None:
            self._changed = self.past.changed_files(self.old.build, self.new.build)
        return self._changed

    def is_base(self, path: str) -> bool:
        """Whether a source enters through an attribute `base`."""
        target = self.past.targets.get(self.new.line["target"])
        value = target["attributes"].get("base") if target is not None else None
        try:
            return isinstance(value, str) and Label.parse(value).path == path
        except LabelError:
            return False

    def causes(self, told: Sequence[Told], added: Sequence[str], removed: Sequence[str]) -> Iterator[Cause]:
        """What was changed, as far up as it can be told; at least one."""
        owner = self.new.line["owner"]
        direct = [Cause(one[0], one[1], one[2], one[3], label=owner) for one in told if one[0] in ("op", "compressor")]
        yield from direct
        rest = [one for one in told if one[0] not in ("op", "compressor")]
        if not rest and not added and not removed:
            return
        found: list[Cause] = [*self._configuration(), *self._own()]
        if not found:
            found = list(self._dependencies())
        yield from found
        rules = list(self._rules())
        if rules and not self._accounts(found, rest, added, removed):
            yield from rules
            found += rules
        for kind, name, old, new in rest:
            if kind == "environment" and not any(one.kind == "environment" and one.what == name for one in found):
                yield Cause("environment", name, old, new, self._place(), owner)
            elif kind == "property" and not any(one.kind == "platform" for one in found):
                yield Cause("platform", f"execution property {name}", old, new, self._place(), owner)
            elif kind == "argument" and not found:
                yield Cause("argument", name, old, new, self._place(), owner)
        if not found and not rest and not direct:
            for path in added:
                yield Cause("added", path, label=owner)
            for path in removed:
                yield Cause("removed", path, label=owner)

    # ---- configuration ----

    def _configuration(self) -> Iterator[Cause]:
        one, other = self.old.line["configuration"], self.new.line["configuration"]
        if one == other:
            return
        before = self.past.configuration(one, self.old.build)
        after = self.past.configuration(other, self.new.build)
        names = [str(each.get("label") or each.get("platform") or "") for each in (before, after)]
        if names[0] != names[1]:
            yield Cause("platform", "--platforms", *names)
        first, second = before.get("settings", {}), after.get("settings", {})
        for name in sorted({*first, *second}):
            if first.get(name) != second.get(name):
                yield Cause("flag", _flag(name), _plain(first.get(name)), _plain(second.get(name)))

    # ---- attributes ----

    def _own(self) -> Iterator[Cause]:
        before = self.past.targets.get(self.old.line["target"])
        after = self.past.targets.get(self.new.line["target"])
        if before is not None and after is not None and before is not after:
            yield from self._attributes(before, after)

    def _dependencies(self) -> Iterator[Cause]:
        """Attributes of what the target depends on, which it may have heard of through providers."""
        after = self.past.targets.get(self.new.line["target"])
        if after is None:
            return
        stack = list(after["dependencies"])
        seen = set(stack)
        one, other = self.new.line["configuration"], self.old.line["configuration"]
        while stack:
            name = stack.pop(0)
            second = self.past.target(name, self.new.build)
            label, _, configuration = name.rpartition(" ")
            first = self.past.target(f"{label} {other if configuration == one else configuration}", self.old.build)
            if second is None:
                continue
            if first is not None and first is not second:
                yield from self._attributes(first, second)
            stack += [each for each in second["dependencies"] if each not in seen]
            seen.update(second["dependencies"])

    def _attributes(self, before: Line, after: Line) -> Iterator[Cause]:
        old, new = before["attributes"], after["attributes"]
        label, place = after["label"], after["place"]
        build_file = place.rpartition(":")[0]
        rule_files = [one for one in self.changed if one.endswith((".bzl", ".scl"))]
        other_files = [one for one in self.changed if one not in rule_files and not one.endswith(_BUILD_FILES)]
        edited = build_file in self.changed
        if before["rule"] != after["rule"]:
            yield Cause("attribute", "rule", before["rule"], after["rule"], place, label)
        for name in sorted({*old, *new}):
            one, other = old.get(name), new.get(name)
            if one == other:
                continue
            if after["rule"] == "deb_package" and name == "record":
                yield from self._lock(one, other, label, other_files)
            elif "compress" in name:
                yield Cause("compressor", name, _text(one), _text(other), place, label)
            elif name in ("env", "environment") and isinstance(one or {}, dict) and isinstance(other or {}, dict):
                for key in sorted({*(one or {}), *(other or {})}):
                    first, second = (one or {}).get(key), (other or {}).get(key)
                    if first != second:
                        yield Cause("environment", key, _text(first), _text(second), place, label)
            elif name == "platforms":
                yield Cause("platform", name, *_difference(one, other), place, label)
            elif name == "base":
                yield Cause("base image", name, _text(one), _text(other), place, label)
            elif edited:
                yield Cause("attribute", name, *_difference(one, other), place, label)
            elif rule_files:
                what = f"{', '.join(rule_files)} sets {name} of {label}"
                yield Cause("rule", what, *_difference(one, other), rule_files[0], label)
            elif other_files:
                yield Cause("lock", f"{name} of {label}", *_difference(one, other), other_files[0], label)
            elif isinstance(one or [], list) and isinstance(other or [], list):
                for text in sorted(set(map(_text, other or [])) - set(map(_text, one or []))):
                    yield Cause("added", _file(text), place=f"{place}, {name}: a glob takes it in", label=label)
                for text in sorted(set(map(_text, one or [])) - set(map(_text, other or []))):
                    yield Cause("removed", _file(text), place=f"{place}, {name}: a glob took it in", label=label)
            else:
                yield Cause("attribute", name, *_difference(one, other), place, label)

    def _lock(self, old: Any, new: Any, label: str, files: list[str]) -> Iterator[Cause]:
        """What changed of a package's entries in a lock file, for the platform that is built."""
        before, after = _by_condition(old), _by_condition(new)
        file = next((one for one in files if one.endswith(".json")), files[0] if files else "")
        platform = self.past.configuration(self.new.line["configuration"], self.new.build).get("platform", "")
        names = {*before, *after}
        for name in sorted([one for one in names if f"{platform}/".startswith(one + "/")] or names):
            first, second = before.get(name, {}), after.get(name, {})
            if first == second:
                continue
            if first.get("sha256") == second.get("sha256"):
                stamps = [str(one.get("created") or one.get("snapshot") or "") for one in (first, second)]
                yield Cause("lock", "snapshot", stamps[0], stamps[1], self._line(file, '"snapshot"'))
                continue
            package = second.get("name") or first.get("name") or label
            architecture = second.get("architecture") or first.get("architecture")
            versions = [str(one.get("version", "")) for one in (first, second)]
            if versions[0] == versions[1]:
                versions = ["sha256:" + str(one.get("sha256", "")) if one else "" for one in (first, second)]
            what = f"{package} ({architecture})" if architecture else str(package)
            place = self._line(file, str(second.get("sha256") or "\0"))
            yield Cause("lock", what, versions[0], versions[1], place, label)

    def _line(self, file: str, text: str) -> str:
        """`FILE:LINE` of a text in a file of the workspace as it is now."""
        if not file or not text:
            return file
        try:
            with open(os.path.join(self.root, file), encoding="utf-8", errors="replace") as stream:
                for number, line in enumerate(stream, 1):
                    if text in line:
                        return f"{file}:{number}"
        except OSError:
            pass
        return file

    # ---- rules ----

    def _rules(self) -> Iterator[Cause]:
        """.bzl files that changed: the rule's own, or else any that it may load."""
        target = self.past.targets.get(self.new.line["target"])
        files = [one for one in self.changed if one.endswith((".bzl", ".scl"))]
        if target is None or not files:
            return
        own = _module_file(target["module"])
        first = own if own in files else ", ".join(files)
        yield Cause("rule", f"{target['rule']}, implemented in {own}", place=first, label=target["label"])

    def _accounts(
        self, found: Sequence[Cause], told: Sequence[Told], added: Sequence[str], removed: Sequence[str]
    ) -> bool:
        """Whether attributes and flags that changed are enough to explain what differs."""
        if not found:
            return False
        if any(one.kind in ("flag", "platform", "lock", "rule") for one in found):
            return True
        texts = [text for one in found for text in (one.old, one.new, one.what) if text]
        if not told:
            return bool(added or removed)
        for kind, name, old, new in told:
            if kind == "configuration":
                continue
            if not any(_share(text, f"{name} {old} {new}") for text in texts):
                return False
        return True

    def _place(self) -> str:
        target = self.past.targets.get(self.new.line["target"])
        return str(target["place"]) if target is not None else ""


def _share(text: str, told: str) -> bool:
    """Whether some word of an attribute's change stands in what the action was told."""
    words = [word for word in text.replace('"', " ").replace(",", " ").split() if len(word) > 0]
    return any(word in told for word in words)


def _module_file(module: str) -> str:
    """`//rules:defs.bzl` as changed files are named: `rules/defs.bzl`, `@repo//rules/defs.bzl`."""
    try:
        label = Label.parse(module)
    except LabelError:
        return module
    return label.path if not label.repo else f"@{label.repo}//{label.path}"


def _flag(name: str) -> str:
    if name.startswith(COMMAND_LINE + "define/"):
        return "--define=" + name.removeprefix(COMMAND_LINE + "define/")
    return "--" + name.removeprefix(COMMAND_LINE)


def _plain(value: str | None) -> str:
    if value is None:
        return ""
    decoded = json.loads(value)
    return decoded if isinstance(decoded, str) else value


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _file(text: str) -> str:
    try:
        return Label.parse(text).path
    except LabelError:
        return text


def _record(value: Any) -> dict[str, Any]:
    try:
        found = json.loads(value)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _by_condition(value: Any) -> dict[str, dict[str, Any]]:
    """A package's entries by platform: `linux/amd64`, or empty where there is one for all."""
    out = {}
    for condition, text in branches(value):
        found = _record(text)
        if found:
            out[str(condition or "").rpartition(":is_")[2].replace("_", "/")] = found
    return out


def _difference(old: Any, new: Any) -> tuple[str, str]:
    """Of lists and dictionaries only what is not in both."""
    if isinstance(old, list) and isinstance(new, list):
        first = [one for one in old if one not in new]
        second = [one for one in new if one not in old]
        if first or second:
            return _text(first) if first else "", _text(second) if second else ""
    if isinstance(old, dict) and isinstance(new, dict):
        first_part = {key: value for key, value in old.items() if new.get(key) != value}
        second_part = {key: value for key, value in new.items() if old.get(key) != value}
        return _text(first_part) if first_part else "", _text(second_part) if second_part else ""
    return _text(old), _text(new)
