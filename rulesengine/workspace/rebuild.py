"""Rebuild: after a build, the sources that changed since, and what depends on them; nothing is loaded or analysed.

Right only when nothing else changed, which the no-op index tells; whatever is not sure is left to a whole build.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from attrs import define, frozen

from rulesengine.errors import Location, LostBlobError, MissingInputError, RulesEngineError
from rulesengine.model.action import ActionGraph
from rulesengine.model.artifact import Artifact, FileValue, TreeValue, Value
from rulesengine.model.directory import TreeFile, TreeLink
from rulesengine.model.events import PhaseStarted
from rulesengine.model.ports import Cancellation, Listener
from rulesengine.workspace import noop, replay
from rulesengine.workspace.engine import Engine
from rulesengine.workspace.layout import describe
from rulesengine.workspace.noop import Stale
from rulesengine.workspace.outputs import Outputs, members_of
from rulesengine.workspace.replay import Replay
from rulesengine.workspace.result import BuildResult, Output, TargetResult
from rulesengine.workspace.signatures import Signature, signature

_MOST = 0.5
"""Where more than this part of the actions may have changed, a whole build is no slower."""


@frozen
class Change:
    """What is different: number of the source's artifact -> signature; directories whose listing is the same."""

    sources: Mapping[int, Signature]
    directories: Mapping[str, Signature]


@frozen
class Rebuilt:
    """A rebuild that is done: its result, and how its index is written."""

    result: BuildResult
    _stale: Stale
    _replay: Replay
    _found: Mapping[str, Signature] | None
    _links: Sequence[tuple[str, str]]

    def remember(self, shown: str, printed: str) -> None:
        """Write the index and the replay for the next command, which prints these.  Never raises."""
        stale = self._stale
        if self._found is None:
            return
        checksum = noop.write(stale.path, stale.text, self._found, stale.absent, self._links, shown, printed)
        if checksum is not None:
            replay.save(stale.path + noop.PLAN, checksum, self._replay)


def changes(stale: Stale, kept: Replay) -> Change | None:
    """What changed, or None when it is more than sources and time stamps of directories."""
    for path, target in stale.links:
        try:
            if os.readlink(path) != target:
                return None
        except OSError:
            return None
    if any(os.path.isfile(path) for path in stale.absent):
        return None
    now = stale.signatures()
    sources: dict[int, Signature] = {}
    directories: dict[str, Signature] = {}
    for path in stale.changed():
        number = kept.sources.get(path)
        if number is not None:
            sources[number] = now[path]
        elif kept.listings.get(path) and kept.listings[path] == replay.listing(path):
            directories[path] = now[path]
        else:
            return None
    return Change(sources, directories)


@define
class Rebuild:
    """A rebuild under way.  Used once, by one thread."""

    stale: Stale
    kept: Replay
    change: Change
    engine: Engine
    output_base: str
    listener: Listener
    cancel: Cancellation
    started: float
    started_ns: int

    def run(self, *, details: int | None = None) -> Rebuilt | None:
        """Run what may come out otherwise, and deliver it.  None: a whole build is needed.

        details: outputs are described when there are at most so many targets.  Raises the first failure.
        """
        kept = self.kept
        dirty = kept.dirty(self.change.sources)
        if len(dirty) > max(8, _MOST * len(kept.actions)):
            return None
        graph = ActionGraph()
        made: dict[Artifact, int] = {}
        for number in sorted(dirty):
            action = kept.action(number)
            graph.add(action)
            made.update(zip(action.outputs, kept.outputs[number], strict=True))
        known: dict[Artifact, Value] = {}
        by_path = {one[0]: number for number, one in enumerate(kept.artifacts)}
        numbers = {kept.artifact(number): number for number in self.change.sources}
        for action in graph.actions:
            for artifact in action.inputs:
                if artifact not in made and artifact not in known and artifact not in numbers:
                    value = kept.value(by_path[artifact.path])
                    if value is None:
                        return None
                    known[artifact] = value
        delivered = set(kept.delivered)
        wanted = [artifact for artifact, number in made.items() if number in delivered]
        self.listener(PhaseStarted("execution", f"{len(dirty)} actions may differ"))
        # What is linked below may be the very files whose signatures we have: see _signatures.
        try:
            done = self.engine.execute(graph, wanted, keep_going=False, known=known)
        except (LostBlobError, MissingInputError):
            return None
        except RulesEngineError as fault:
            self._locate(fault)
            raise
        self.cancel.check()
        outputs = Outputs(self.output_base, self.engine.store)
        changed = []
        for artifact, number in made.items():
            value = done.values.get(artifact)
            if value is None:
                continue
            if number in delivered and kept.value(number) != value:
                changed.append((artifact, value))
        self.listener(PhaseStarted("delivery"))
        before = {artifact: kept.value(made[artifact]) for artifact, _ in changed}
        if not outputs.replace(changed, self.cancel):
            return None
        for artifact, number in (*made.items(), *numbers.items()):
            if artifact in done.values:
                kept.remember(number, done.values[artifact])
        found, links = self._signatures(changed, before)
        result = BuildResult(
            tuple(self._target(one, details=details is None or len(kept.targets) <= details) for one in kept.targets),
            done.run,
            kept.total - done.run,
            0,
            time.monotonic() - self.started,
            link=kept.place[1],
            fetched=self.engine.fetched,
        )
        return Rebuilt(result, self.stale, kept, found, links)

    def _locate(self, fault: RulesEngineError) -> None:
        place = self.kept.places.get(fault.label or "")
        if fault.location is None and place is not None:
            fault.location = Location(*place)

    # ---- results --------------------------------------------------------------

    def _target(self, one: replay.Target, *, details: bool) -> TargetResult:
        if not details:
            return TargetResult(one.label, one.configuration)
        return TargetResult(one.label, one.configuration, tuple(self._output(number) for number in one.shown))

    def _output(self, number: int) -> Output:
        file, value = self.kept.artifact(number), self.kept.value(number)
        assert value is not None
        directory, shown = self.kept.place
        if file.is_source:
            path = self.engine.sources.path(file)
        else:
            path = os.path.join(self.output_base, file.path)
            if path.startswith(directory + "/"):
                path = shown + path[len(directory) :]
        name = file.root_relative_path
        if isinstance(value, FileValue):
            return Output(name, path, value.digest, value.digest.size, executable=value.executable)
        members = members_of(value, self.engine.store)
        size = sum(member.digest.size for member in members.values() if isinstance(member, TreeFile))
        image = describe(members, self.engine.store.read)
        return Output(name, path, value.digest, size, directory=True, image=image)

    # ---- the index ------------------------------------------------------------

    def _signatures(
        self, changed: Sequence[tuple[Artifact, Value]], before: Mapping[Artifact, Value | None]
    ) -> tuple[dict[str, Signature] | None, list[tuple[str, str]]]:
        """What the next index holds: (signatures by path, symbolic links); None where something is not sure.

        Blobs are linked into the output tree and into the directories of processes, which moves the ctime of other
        outputs with the same bytes: these, and only these, may have another ctime now.
        """
        found = self.stale.signatures()
        links = list(self.stale.links)
        for number, seen in self.change.sources.items():
            path = self.engine.sources.path(self.kept.artifact(number))
            if signature(path) != seen or noop.racy(seen, self.started_ns):
                return None, links
        for path, seen in self.change.directories.items():
            if noop.racy(seen, self.started_ns):
                return None, links
            found[path] = seen
        for artifact, value in changed:
            root = os.path.join(self.output_base, artifact.path)
            old = before[artifact]
            if isinstance(old, TreeValue) or isinstance(value, TreeValue):
                found = {path: one for path, one in found.items() if path != root and not path.startswith(root + "/")}
                links = [pair for pair in links if not pair[0].startswith(root + "/")]
            found.update(_below(root))
            if isinstance(value, TreeValue):
                for name, member in members_of(value, self.engine.store).items():
                    if isinstance(member, TreeLink):
                        links.append((os.path.join(root, name), member.target))
        base = self.output_base + "/"
        for path, seen in found.items():
            if not path.startswith(base):
                continue
            now = signature(path)
            if now == seen:
                continue
            if now is None or (now[0], now[1], now[3], now[4]) != (seen[0], seen[1], seen[3], seen[4]):
                return None, links
            if not noop.racy(now, self.started_ns):  # the ctime moved, and not by us
                return None, links
            found[path] = now
        return found, links


def _below(root: str) -> dict[str, Signature]:
    """The signatures of an output and of everything in it."""
    out: dict[str, Signature] = {}
    paths = [root]
    if os.path.isdir(root):
        paths += [os.path.join(here, name) for here, folders, files in os.walk(root) for name in (*folders, *files)]
    for path in paths:
        found = None if os.path.islink(path) else signature(path)
        if found is not None:
            out[path] = found
    return out
