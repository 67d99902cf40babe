"""TestVariants: which targets Bazel would have twice, with the options of tests and without.

Bazel takes these options away where a target is no test (`--trim_test_configuration`), and nothing below gets them
again: a test that something other than a test depends on is one without them.  A command line's tests have them.
Nothing is made otherwise for it here; `cquery` shows such targets in two configurations, as Bazel does.
"""

from __future__ import annotations

from collections.abc import Iterable

from rulesengine.analysis.edges import Edges, Place
from rulesengine.errors import LoadingError
from rulesengine.loading.modules import NATIVE
from rulesengine.model.label import Label
from rulesengine.model.target import Target
from rulesengine.workspace.targets import LoadedTargets

_TRANSPARENT = ("alias", "label_flag", "label_setting", "test_suite")
"""Native rules that let the options of tests pass."""


class TestVariants:
    """asked: what the request names, in the configuration that was asked for."""

    __test__ = False  # it is no class of tests

    def __init__(self, loaded: LoadedTargets, edges: Edges, met: Iterable[Place], asked: Iterable[Place]) -> None:
        self._loaded = loaded
        self._edges = edges
        self._kept: dict[Label, bool] = {}
        places = list(met)
        labels = {one[0] for one in places if self.keeps(one[0])}
        self.whole: set[Place] = set()
        self.trimmed: set[Place] = set()
        if labels:
            self._follow([one for one in map(edges.proper, asked) if one[0] in labels], self.whole)
            above = [one for one in places if one[0] not in labels and self._names(one[0], labels)]
            below = [edge.key for one in above for edge in edges.of(one) if edge.key[0] in labels]
            self._follow(below, self.trimmed)

    def keeps(self, label: Label) -> bool:
        """Whether a target has the options of tests where what depends on it has them."""
        known = self._kept.get(label)
        if known is None:
            target = self._target(label)
            rule = None if target is None else target.rule
            known = rule is not None and (rule.test or (rule.name in _TRANSPARENT and rule.module == str(NATIVE)))
            self._kept[label] = known
        return known

    def suffix(self, place: Place, *, whole: bool) -> str:
        """What tells the configuration of one of two from the other's: nothing for the usual one."""
        if place not in self.whole or place not in self.trimmed:
            return ""
        target = self._target(place[0])
        test = target is not None and target.rule is not None and target.rule.name not in _TRANSPARENT[:3]
        if whole is test:
            return ""
        return "-test" if whole else "-notest"

    def _target(self, label: Label) -> Target | None:
        try:
            return self._loaded.target(label)
        except LoadingError:
            return None

    def _names(self, label: Label, labels: set[Label]) -> bool:
        """Whether a target's attributes, or its rule's, name one of the labels."""
        target = self._target(label)
        return target is not None and any(self._edges.canonical(one) in labels for _, one in target.labels())

    def _follow(self, roots: Iterable[Place], into: set[Place]) -> None:
        waiting = list(roots)
        while waiting:
            place = waiting.pop()
            if place not in into:
                into.add(place)
                waiting += [edge.key for edge in self._edges.of(place) if self.keeps(edge.key[0])]
