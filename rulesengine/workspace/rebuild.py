"""Rebuild: after a build, the sources that changed since, and what depends on them; nothing is loaded or analysed.

Right only when nothing else changed, which the no-op index tells; whatever is not sure is left to a whole build.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from rulesengine.errors import Location, LostBlobError, MissingInputError, RulesEngineError
from rulesengine.model.action import ActionGraph
from rulesengine.model.artifact import Artifact, FileValue, LinkValue, TreeValue, Value
from rulesengine.model.directory import TreeFile, TreeLink
from rulesengine.model.events import PhaseStarted
from rulesengine.model.ports import Cancellation, Listener
from rulesengine.values import define, frozen
from rulesengine.workspace import noop, replay
from rulesengine.workspace.engine import Engine
from rulesengine.workspace.outputs import Outputs, members_of
from rulesengine.workspace.replay import Replay
from rulesengine.workspace.signatures import Signature, signature
from rulesengine.workspace.stale import Stale

if TYPE_CHECKING:
    from rulesengine.workspace.result import BuildResult, Output, TargetResult

_MOST = 0.5
"""Where more than this part of the actions may have changed, a whole build is no slower."""


@frozen
class Change:
    """What is different: number of the source's artifact -> signature; directories whose listing is the same."""

    sources: Mapping[int, Signature]
    directories: Mapping[str, Signature]


@frozen
class Rebuilt:
    """A rebuild that is done, and how its index is written.

    actions_run, actions_cached: of those that the request needs.  elapsed: seconds.  targets: how many were asked for.
    """

    actions_run: int
    actions_cached: int
    elapsed: float
    targets: int
    _described: tuple[TargetResult, ...] | None
    _build: Rebuild
    _found: Mapping[str, Signature | None] | None
    _links: Sequence[tuple[str, str]]

    def result(self) -> BuildResult:
        """What came out of it.  Raises DamagedError."""
        from rulesengine.workspace.result import BuildResult, TargetResult

        build, targets = self._build, self._described
        if targets is None:
            targets = tuple([TargetResult(label, mnemonic) for label, mnemonic, _ in build.kept.asked()])
        return BuildResult(
            targets,
            self.actions_run,
            self.actions_cached,
            elapsed=self.elapsed,
            link=build.kept.place[1],
            fetched=build.engine.fetched,
        )

    def remember(self, shown: str, printed: str) -> None:
        """Write the index for the next command, which prints these.  Never raises."""
        if self._found is None:
            return
        stale = self._build.stale
        files, texts = stale.replaced(self._found)
        plan = self._build.kept.named()
        noop.write(stale.path, stale.text, files, texts, stale.absent, self._links, shown, printed, plan)


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
    sources: dict[int, Signature] = {}
    directories: dict[str, Signature] = {}
    for path, now in stale.changed().items():
        number = kept.source(path)
        if number is not None:
            sources[number] = now
        elif kept.listings.get(path) and kept.listings[path] == replay.listing(path):
            directories[path] = now
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
        if len(dirty) > max(8, _MOST * kept.count):
            return None
        graph = ActionGraph()
        made: dict[Artifact, int] = {}
        for number in sorted(dirty):
            action = kept.action(number)
            graph.add(action)
            made.update(zip(action.outputs, kept.outputs(number), strict=True))
        known: dict[Artifact, Value] = {}
        numbers = {kept.artifact(number): number for number in self.change.sources}
        for action in graph.actions:
            for artifact in action.inputs:
                if artifact not in made and artifact not in known and artifact not in numbers:
                    value = kept.value(kept.number(artifact))
                    if value is None:
                        return None
                    known[artifact] = value
        wanted = [artifact for artifact, number in made.items() if kept.is_delivered(number)]
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
            if kept.is_delivered(number) and kept.value(number) != value:
                changed.append((artifact, value))
        self.listener(PhaseStarted("delivery"))
        before = {artifact: kept.value(number) for artifact, number in made.items()}
        if not outputs.replace(changed, self.cancel):
            return None
        for artifact, number in (*made.items(), *numbers.items()):
            if artifact in done.values:
                kept.remember(number, done.values[artifact])
        touched = {
            _content(one) for one in (*known.values(), *before.values(), *done.values.values()) if one is not None
        }
        found, links = self._signatures(changed, before, touched)
        elapsed = time.monotonic() - self.started
        described = None if details is not None and kept.targets > details else tuple(self._targets())
        return Rebuilt(done.run, kept.total - done.run, elapsed, kept.targets, described, self, found, links)

    def _locate(self, fault: RulesEngineError) -> None:
        place = self.kept.stands(fault.label or "")
        if fault.location is None and place is not None:
            fault.location = Location(*place)

    # ---- results --------------------------------------------------------------

    def _targets(self) -> Iterator[TargetResult]:
        from rulesengine.workspace.result import TargetResult

        for label, mnemonic, shown in self.kept.asked():
            yield TargetResult(label, mnemonic, tuple(self._output(number) for number in shown))

    def _output(self, number: int) -> Output:
        from rulesengine.workspace.result import Output

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
        from rulesengine.workspace.layout import describe

        members = members_of(value, self.engine.store)
        size = sum(member.digest.size for member in members.values() if isinstance(member, TreeFile))
        image = describe(members, self.engine.store.read)
        return Output(name, path, value.digest, size, directory=True, image=image)

    # ---- the index ------------------------------------------------------------

    def _signatures(
        self,
        changed: Sequence[tuple[Artifact, Value]],
        before: Mapping[Artifact, Value | None],
        touched: Set[str],
    ) -> tuple[dict[str, Signature | None] | None, list[tuple[str, str]]]:
        """What of the next index is other than was seen: (signatures by path, symbolic links); None if not sure.

        touched: digests of the blobs that this build may have linked or unlinked, into the output tree or the
        directories of processes, which moves the ctime of other outputs with the same bytes: these, and only these,
        may have another ctime now.
        """
        found: dict[str, Signature | None] = {}
        links = list(self.stale.links)
        for number, seen in self.change.sources.items():
            path = self.engine.sources.path(self.kept.artifact(number))
            if signature(path) != seen or noop.racy(seen, self.started_ns):
                return None, links
        if any(noop.racy(seen, self.started_ns) for seen in self.change.directories.values()):
            return None, links
        if self.kept.has_trees():
            suspects = self.stale.below(self.output_base)
        else:
            names = [self.kept.artifact(number).path for number in self.kept.with_content(touched)]
            suspects = self.stale.seen([os.path.join(self.output_base, name) for name in names])
        for artifact, value in changed:
            root = os.path.join(self.output_base, artifact.path)
            if isinstance(before[artifact], TreeValue) or isinstance(value, TreeValue):
                old = [path for path in suspects if path == root or path.startswith(root + "/")]
                found.update(dict.fromkeys(old))
                links = [pair for pair in links if not pair[0].startswith(root + "/")]
            found.update(_below(root))
            if isinstance(value, TreeValue):
                for name, member in members_of(value, self.engine.store).items():
                    if isinstance(member, TreeLink):
                        links.append((os.path.join(root, name), member.target))
        for path, seen in suspects.items():
            if path in found:
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


def _content(value: Value) -> str:
    assert not isinstance(value, LinkValue)
    return value.digest.hash


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
