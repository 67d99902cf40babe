"""Aspects: which are applied to a dependency, and what a target is together with them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any

from rulesengine.analysis.attributes import Attributes, Key
from rulesengine.analysis.batch import Work
from rulesengine.analysis.configured import ConfiguredTarget
from rulesengine.analysis.passing import is_alias
from rulesengine.model.aspect import Merged, Path, seen
from rulesengine.model.depset import Depset
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.values import evolve

if TYPE_CHECKING:
    from rulesengine.analysis.application import Application
    from rulesengine.analysis.toolchains import Choice
    from rulesengine.loading import Loader
    from rulesengine.model.artifact import Artifact
    from rulesengine.model.aspect import Aspect
    from rulesengine.model.target import Target

Steps = Generator[list[Key] | Work, Any, ConfiguredTarget]


class Aspects:
    """Analyses the keys that have aspects.

    done: every configured target so far, by key; the analyzer's own.  choose: the toolchains of an aspect on a target.
    """

    def __init__(
        self,
        loader: Loader,
        attributes: Attributes,
        application: Application,
        done: Mapping[Key, ConfiguredTarget],
        choose: Callable[[Target, Aspect, Configuration], dict[str, Choice]],
    ) -> None:
        self._loader = loader
        self._attributes = attributes
        self._application = application
        self._done = done
        self._choose = choose

    def steps(self, key: Key, exec_configuration: Configuration) -> Steps:
        """Yields the keys it needs that are not there yet; returns the target, or what one aspect says of it."""
        assert len(key) == 3
        label, configuration, what = key
        base_key: Key = (label, configuration)
        if base_key not in self._done:
            yield [base_key]
        base = self._done[base_key]
        if base.incompatible is not None or "AnalysisFailureInfo" in base.providers:
            return base
        if isinstance(what, Merged):
            return (yield from self._merged(base, key, what))
        return (yield from self._apply(base, what, exec_configuration))

    def _merged(self, base: ConfiguredTarget, key: Key, what: Merged) -> Steps:
        """A target with all that the aspects provide for it."""
        label = key[0]
        if base.target.kind == "generated":
            # Its rule has the aspects; what they provide is added to the file.
            passed = evolve(what, paths=tuple(path for path in what.paths if path[-1].aspect.generating))
            generator = base.target.generator
            assert generator is not None
            makers: tuple[Label, Configuration] = (generator, key[1])
            if makers not in self._done:
                yield [makers]
            maker = self._done[makers]
        else:
            passed, maker = what, base
        if maker.target.rule is None or not passed.paths:
            return base
        paths = passed.paths
        alias = (maker.label, maker.configuration) != (label, key[1]) and is_alias(self._loader.target(label))
        if alias or what.asked:
            if alias and maker.target.kind == "generated":
                again: Key = (maker.label, maker.configuration, what)
                if again not in self._done:
                    yield [again]
                return self._done[again]
            # An alias advertises nothing, and a command line asks for what is there: that decides.
            paths = tuple(path for path in paths if self._application.satisfied(maker, path[-1].aspect))
        results = []
        for path in paths:
            wanted: Key = (maker.label, maker.configuration, path)
            if wanted not in self._done:
                yield [wanted]
            results.append(self._done[wanted])
        if not results:
            return base
        groups: dict[str, list[Depset[Artifact]]] = {name: [files] for name, files in base.groups.items()}
        for one in results:
            for name, files in one.groups.items():
                groups.setdefault(name, []).append(files)
        return evolve(
            base,
            module=base.module if what.asked else self._application.merge(base, results),
            index=base.index if what.asked else 0,
            groups={name: some[0] if len(some) == 1 else Depset((), some) for name, some in groups.items()},
            providers=tuple(dict.fromkeys([*base.providers, *(name for one in results for name in one.providers)])),
        )

    def _apply(self, base: ConfiguredTarget, path: Path, exec_configuration: Configuration) -> Steps:
        """What the last aspect of a path says of a rule target: a configured target with its providers only."""
        below = seen(path)
        if below.paths:
            merged: Key = (base.label, base.configuration, below)
            if merged not in self._done:
                yield [merged]
            base = self._done[merged]
        target, configuration = base.target, base.configuration
        shown = self._attributes.resolve(target, configuration, exec_configuration, path)
        aspect = path[-1].aspect
        groups = self._choose(target, aspect, configuration) if aspect.exec_groups else None
        own = self._attributes.of_aspect(target, path[-1], configuration, exec_configuration, shown.wanted, groups)
        missing = [one for one in shown.wanted if one not in self._done]
        if missing:
            yield missing
        found = [self._done[one] for one in shown.wanted]
        return self._application.run(base, path, shown, own, found)
