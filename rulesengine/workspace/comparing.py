"""Comparing two runs of an action: which of its inputs, words, variables and so on are others, and through whom."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rulesengine.execution.history import Line
from rulesengine.model.artifact import OUTPUT_ROOT
from rulesengine.values import define, field, frozen
from rulesengine.workspace.declared import Declared
from rulesengine.workspace.explanation import Cause, Change
from rulesengine.workspace.past import Past, Run

_TITLES = {"OciImage": "image", "OciIndex": "image index", "DebLayer": "layer", "PackLayer": "layer"}


@frozen
class _Inputs:
    """What differs between the inputs of two runs: sources edited, added, removed; makers of others, in pairs."""

    edited: list[tuple[str, str, str]]
    added: list[str]
    removed: list[str]
    makers: list[tuple[Run | None, Run | None, str]]
    renamed: dict[str, str]


@define
class Comparison:
    """Explains pairs of runs, each pair once.  root: the workspace's, to name lines of files as they are now."""

    past: Past
    root: str
    _done: dict[tuple[int, int], Change] = field(factory=dict)

    def explain(self, old: Run, new: Run) -> Change:
        """Why `new` is another result than `old`.  Chains of causes are followed without recursion."""
        stack: list[tuple[Run, Run]] = [(old, new)]
        while stack:
            pair = stack[-1]
            if (id(pair[0]), id(pair[1])) in self._done:
                stack.pop()
                continue
            inputs = self._inputs(*pair)
            waiting = [
                (first, second)
                for first, second, _ in inputs.makers
                if first is not None
                and second is not None
                and (id(first), id(second)) not in self._done
                and (first, second) not in stack
            ]
            if waiting:
                stack += waiting
                continue
            stack.pop()
            self._done[id(pair[0]), id(pair[1])] = self._change(*pair, inputs)
        return self._done[id(old), id(new)]

    # ---- one pair ----

    def _change(self, old: Run, new: Run, inputs: _Inputs) -> Change:
        line = new.line
        causes: dict[Cause, None] = {}
        below: dict[int, Change] = {}
        declared = Declared(self.past, self.root, old, new)
        for path, before, after in inputs.edited:
            kind = "base image" if declared.is_base(path) else "source"
            causes[Cause(kind, path, before, after)] = None
        for first, second, path in inputs.makers:
            if first is None or second is None:
                causes[Cause("unknown", f"{path}: what made it is not in the history")] = None
                continue
            found = self._done.get((id(first), id(second)))
            if found is not None:
                below[id(found)] = found
        told = self._told(old, new, inputs)
        if told or inputs.added or inputs.removed:
            causes.update(dict.fromkeys(declared.causes(told, inputs.added, inputs.removed)))
        if not causes and not below:
            if line.get("fresh"):
                causes[Cause("fresh", "", label=line["owner"])] = None
            elif old.key == new.key and new.pending:
                causes[Cause("cache", "", label=line["owner"])] = None
            elif old.key == new.key:
                kind = "cache" if old.outputs == new.outputs else "unstable"
                what = "" if kind == "cache" else "the same inputs gave other bytes"
                causes[Cause(kind, what, label=line["owner"])] = None
            else:
                causes[Cause("unknown", "nothing that the history keeps differs", label=line["owner"])] = None
        before, after = _digests(old, new)
        return Change(
            title(new),
            line["owner"],
            _shown(line["path"]),
            before,
            after,
            tuple(causes),
            tuple(below.values()),
            layers_of(old, new),
        )

    def _inputs(self, old: Run, new: Run) -> _Inputs:
        before = _plain(self.past.inputs(old.line), old.line["configuration"])
        after = _plain(self.past.inputs(new.line), new.line["configuration"])
        out = _Inputs([], [], [], [], {})
        pairs: dict[tuple[int, int], None] = {}
        gone: list[Run] = []
        come: list[Run] = []
        for name, (path, value) in after.items():
            earlier = before.get(name)
            if earlier is None:
                if _is_source(path):
                    out.added.append(path)
                else:
                    come += self._maker(path, value, new.build, come)
            elif earlier[1] != value:
                if _is_source(path):
                    out.edited.append((path, _hex(earlier[1]), _hex(value)))
                    continue
                first = self.past.maker(earlier[0], earlier[1], old.build)
                second = self.past.maker(path, value, new.build)
                if (id(first), id(second)) not in pairs:
                    pairs[id(first), id(second)] = None
                    out.makers.append((first, second, _shown(path)))
        for name, (path, value) in before.items():
            if name not in after:
                if _is_source(path):
                    out.removed.append(path)
                else:
                    gone += self._maker(path, value, old.build, gone)
        self._pair(gone, come, out)
        return out

    def _maker(self, path: str, value: str, at: int, known: list[Run]) -> list[Run]:
        found = self.past.maker(path, value, at)
        return [] if found is None or any(found is one for one in known) else [found]

    def _pair(self, gone: list[Run], come: list[Run], out: _Inputs) -> None:
        """Inputs with other names than before, made by the same target: one became the other."""
        left = list(gone)
        for second in come:
            like = [
                one
                for one in left
                if (one.line["owner"], one.line["mnemonic"]) == (second.line["owner"], second.line["mnemonic"])
            ]
            if not like:
                out.added.extend(_shown(path) for path in list(second.outputs)[:1])
                continue
            first = like[0]
            left.remove(first)
            for was, path in zip(first.outputs, second.outputs, strict=False):
                out.renamed[was] = path
                out.renamed[_mapped(was)] = _mapped(path)
            if first.outputs != second.outputs or first.key != second.key:
                out.makers.append((first, second, _shown(second.line["path"])))
        for one in left:
            out.removed.extend(_shown(path) for path in list(one.outputs)[:1])

    def _told(self, old: Run, new: Run, inputs: _Inputs) -> list[tuple[str, str, str, str]]:
        """(kind, name, old, new) of what differs in what the action was told."""
        out: list[tuple[str, str, str, str]] = []
        first, second = old.line, new.line
        out += _operation(first.get("op", ""), second.get("op", ""))
        before = _words(first, inputs.renamed)
        after = _words(second, {})
        if before != after:
            out += _different(before, after)
        out += _pairs("environment", first["environment"], second["environment"])
        out += _pairs("property", first["platform"], second["platform"])
        one, other = first["configuration"], second["configuration"]
        if one != other:
            out.append(("configuration", "", one, other))
        return out


def title(run: Run) -> str:
    """What an action makes, in words."""
    line = run.line
    words = f"{_TITLES.get(line['mnemonic'], line['mnemonic'])} of {line['owner']}"
    image = next(iter(line.get("images", {}).values()), None)
    if image is not None and line["mnemonic"] == "OciImage" and image["manifests"]:
        words += f" for {image['manifests'][0]['platform']}"
    return words


def _digests(old: Run, new: Run) -> tuple[str, str]:
    """Of the first output; of an image the digest that a registry shows."""
    return digest_of(old), digest_of(new)


def digest_of(run: Run) -> str:
    """The digest of a run's first output; of an image the one that a registry shows."""
    path, value = next(iter(run.outputs.items()))
    image = run.line.get("images", {}).get(path)
    if value == "?":
        return "(not made yet)"
    if image is not None and run.line["outputs"].get(path) == value:
        return str(image["digest"])
    return _hex(value)


def _hex(value: str) -> str:
    if value == "?":
        return ""
    return "sha256:" + value[1:].partition(":")[0]


def _is_source(path: str) -> bool:
    return not path.startswith(OUTPUT_ROOT + "/")


def _shown(path: str) -> str:
    parts = path.split("/", 3)
    return parts[3] if not _is_source(path) and len(parts) == 4 else path


def _mapped(path: str) -> str:
    parts = path.split("/", 2)
    return f"{parts[0]}/any/{parts[2]}" if len(parts) == 3 else path


def _plain(inputs: Mapping[str, str], configuration: str) -> dict[str, tuple[str, str]]:
    """path without the action's own configuration -> (path, value)."""
    root = f"{OUTPUT_ROOT}/{configuration}/"
    return {
        (f"{OUTPUT_ROOT}/any/{path[len(root) :]}" if path.startswith(root) else path): (path, value)
        for path, value in inputs.items()
    }


def _words(line: Line, renamed: Mapping[str, str]) -> list[str]:
    """The command line but for the operation's name and the configuration."""
    words = list(line["argv"])
    if line.get("op"):
        words = words[2:]
    root, mapped = f"{OUTPUT_ROOT}/{line['configuration']}/", f"{OUTPUT_ROOT}/any/"
    out = []
    names = sorted(renamed, key=len, reverse=True)
    outputs = list(line["outputs"])
    for word in words:
        for name in names:
            if name in word:
                word = word.replace(name, renamed[name])
        word = word.replace(root, mapped)
        for number, path in enumerate(outputs):  # its own outputs may be called otherwise
            if _mapped(path) in word:
                word = word.replace(_mapped(path), f"<output {number}>")
        out.append(word)
    return out


def _operation(old: str, new: str) -> Iterator[tuple[str, str, str, str]]:
    if old == new:
        return
    name, _, before = old.partition("@")
    other, _, after = new.partition("@")
    if name != other:
        yield "argument", "operation", old, new
        return
    first, _, settings = before.partition("+")
    second, _, others = after.partition("+")
    if first != second:
        yield "op", name, first, second
    if settings != others:
        yield "compressor", name, settings, others


def _different(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, str, str, str]]:
    if len(before) + len(after) > 4000:
        gone, come = sorted(set(before) - set(after)), sorted(set(after) - set(before))
        yield "argument", "", " ".join(gone), " ".join(come)
        return
    for tag, start, end, first, last in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield "argument", "", " ".join(before[start:end]), " ".join(after[first:last])


def _pairs(kind: str, old: Iterable[Any], new: Iterable[Any]) -> Iterator[tuple[str, str, str, str]]:
    before, after = dict(old), dict(new)
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield kind, name, str(before.get(name, "")), str(after.get(name, ""))


def layers_of(old: Run, new: Run) -> str:
    """What of two images differs, in words: the configuration, layers by number, platforms."""
    before, after = (_image(one) for one in (old, new))
    if before is None or after is None:
        return ""
    first = {one["platform"]: one for one in before["manifests"]}
    second = {one["platform"]: one for one in after["manifests"]}
    words = []
    if len(second) > 1 or len(first) > 1:
        changed = [name for name in second if name in first and first[name]["digest"] != second[name]["digest"]]
        words += [f"{len(changed)} of {len(second)} images changed"] if changed else []
        words += [f"{name} added" for name in second if name not in first]
        words += [f"{name} removed" for name in first if name not in second]
    else:
        for name, one in second.items():
            other = first.get(name)
            if other is None:
                words.append(f"platform {next(iter(first), '(none)')} → {name}")
                continue
            if other["config"] != one["config"]:
                words.append("configuration")
            if len(other["layers"]) != len(one["layers"]):
                words.append(f"{len(other['layers'])} → {len(one['layers'])} layers")
            else:
                numbers = [
                    str(number)
                    for number, pair in enumerate(zip(other["layers"], one["layers"], strict=True), 1)
                    if pair[0] != pair[1]
                ]
                words += [f"layer {', '.join(numbers)} of {len(one['layers'])}"] if numbers else []
    return ", ".join(words)


def _image(run: Run) -> dict[str, Any] | None:
    path, value = next(iter(run.outputs.items()))
    image = run.line.get("images", {}).get(path)
    return dict(image) if image is not None and run.line["outputs"].get(path) == value else None


__all__ = ["Comparison", "digest_of", "title"]
