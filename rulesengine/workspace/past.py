"""Past: the history of a workspace, read whole and looked up by output, by digest and by target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rulesengine.execution.history import History, Line
from rulesengine.values import define, field, frozen


@frozen(eq=False)
class Run:
    """That an action came to a result in a build.

    build: its number.  line: what the action was (see recording).  outputs: path -> value.
    ran: whether it ran then, or its result was in the cache.  known: whether this workspace had seen it before.
    pending: what a build would do now (see foresight), for a run that has not been.
    """

    build: int
    line: Line
    outputs: dict[str, str]
    ran: bool
    known: bool
    pending: str = ""

    @property
    def key(self) -> str:
        """The action key."""
        return str(self.line["key"])


@frozen
class Found:
    """What a digest is: a kind (`index`, `manifest`, `config`, `layer`, `output`, `tree`, `source`), where it
    lies (an output's or a source's path), and the run that made it (None for a source)."""

    kind: str
    digest: str
    path: str
    run: Run | None
    platform: str = ""

    @property
    def rank(self) -> int:
        """How well the kind says what the digest is: lower is better."""
        return _ORDER[self.kind]


@define
class Past:
    """All that is known.  runs: path of an action's first output -> its runs in order."""

    builds: dict[int, Line] = field(factory=dict)
    runs: dict[str, list[Run]] = field(factory=dict)
    made: dict[str, list[Run]] = field(factory=dict)
    targets: dict[str, Line] = field(factory=dict)
    _versions: dict[str, list[tuple[int, str]]] = field(factory=dict)
    _sets: dict[str, Line] = field(factory=dict)
    _actions: dict[tuple[str, str], Line] = field(factory=dict)
    _inputs: dict[int, dict[str, str]] = field(factory=dict)

    @staticmethod
    def read(base: str) -> Past:
        """The history in an output base.  Never raises: what is damaged is left out."""
        past = Past()
        for line in History(base).lines():
            try:
                past._take(line)
            except (KeyError, TypeError, AttributeError, ValueError):
                continue
        return past

    def _take(self, line: Line) -> None:
        kind = line["t"]
        if kind == "build":
            self.builds[line["n"]] = line
        elif kind == "set":
            self._sets[line["id"]] = line
        elif kind == "target":
            self.targets[line["id"]] = line
            self._versions.setdefault(f"{line['label']} {line['configuration']}", []).append((line["n"], line["id"]))
        elif kind in ("action", "again"):
            name = (line["path"], line["key"])
            if kind == "action":
                self._actions[name] = line
            whole = self._actions[name]
            self.add(Run(line["n"], whole, dict(line["outputs"]), bool(line["ran"]), kind == "again"))

    def foretell(self, number: int, build: Line) -> None:
        """Add a build that did not take place."""
        for line in build["lines"]:
            self._take(line)
        self.builds[number] = build

    def add(self, run: Run) -> None:
        """Add a run of it."""
        self.runs.setdefault(run.line["path"], []).append(run)
        for path in run.outputs:
            self.made.setdefault(path, []).append(run)

    # ---- looking up ----

    def inputs(self, line: Line) -> dict[str, str]:
        """path -> value of an action's inputs."""
        known = self._inputs.get(id(line))
        if known is None:
            known = {}
            if "inputs" in line:
                known.update((path, value) for path, value in line["inputs"])
            stack = [line["set"]] if line.get("set") else []
            seen = set(stack)
            while stack:
                one = self._sets.get(stack.pop())
                if one is not None:
                    known.update((path, value) for path, value in one["files"])
                    stack += [name for name in one["sets"] if name not in seen]
                    seen.update(one["sets"])
            self._inputs[id(line)] = known
        return known

    def maker(self, path: str, value: str, at: int) -> Run | None:
        """The run that made an output with this value, the last one up to build `at`."""
        found = [run for run in self.made.get(path, ()) if run.outputs[path] == value]
        return next((run for run in reversed(found) if run.build <= at), found[0] if found else None)

    def target(self, name: str, at: int) -> Line | None:
        """A target (`label configuration`) as it was declared in build `at`."""
        found = [one for number, one in self._versions.get(name, ()) if number <= at]
        return self.targets.get(found[-1]) if found else None

    def file(self, path: str, at: int) -> str:
        """The digest of a file that loading reads, in build `at`; empty where none is known."""
        for number in sorted((one for one in self.builds if one <= at), reverse=True):
            found = self.builds[number]["files"].get(path)
            if found is not None:
                return str(found)
        return ""

    def changed_files(self, old: int, new: int) -> list[str]:
        """Files that loading reads and that are others in build `new` than in build `old`."""
        low, high = sorted((old, new))
        named = {path for number, one in self.builds.items() if low < number <= high for path in one["files"]}
        return sorted(path for path in named if self.file(path, low) and self.file(path, low) != self.file(path, high))

    def configuration(self, name: str, at: int) -> dict[str, Any]:
        """What a configuration's name stood for: platform, label, settings."""
        for number in sorted(self.builds, key=lambda one: (one > at, abs(one - at))):
            found = self.builds[number]["configurations"].get(name)
            if found is not None:
                return dict(found)
        return {}

    # ---- by digest ----

    def find(self, text: str) -> list[Found]:
        """Everything whose digest begins with `text` (hexadecimal), images and their parts first, newest first."""
        return sorted(self._find(text), key=lambda one: (one.rank, -(one.run.build if one.run else 0)))

    def _find(self, text: str) -> Iterator[Found]:
        for runs in self.runs.values():
            for run in runs:
                for path, value in run.outputs.items():
                    image = run.line.get("images", {}).get(path)
                    if image is not None and run.line["outputs"].get(path) == value:
                        yield from _in_image(image, path, run, text)
                    if value[1:].startswith(text):
                        yield Found("tree" if value[0] == "t" else "output", _digest(value), path, run)
        seen = set()
        for line in self._actions.values():
            for path, value in self.inputs(line).items():
                if value[1:].startswith(text) and not path.startswith("pybuild-out/") and (path, value) not in seen:
                    seen.add((path, value))
                    yield Found("source", _digest(value), path, None)


_ORDER = {
    name: at for at, name in enumerate(("index", "manifest", "config", "output", "layer", "tree", "source", "part"))
}


def _digest(value: str) -> str:
    return "sha256:" + value[1:].partition(":")[0]


def _in_image(image: dict[str, Any], path: str, run: Run, text: str) -> Iterator[Found]:
    def matches(digest: str) -> bool:
        return digest.partition(":")[2].startswith(text)

    whole = "index" if "index" in image["type"] or "manifest.list" in image["type"] else "manifest"
    if matches(image["digest"]):
        yield Found(whole, image["digest"], path, run)
    for manifest in image["manifests"]:
        if whole == "index" and matches(manifest["digest"]):
            yield Found("part", manifest["digest"], path, run, manifest["platform"])
        if whole == "manifest" and matches(manifest["config"]):
            yield Found("config", manifest["config"], path, run, manifest["platform"])
        if whole == "manifest":
            for layer in manifest["layers"]:
                if matches(layer):
                    yield Found("layer", layer, path, run, manifest["platform"])
