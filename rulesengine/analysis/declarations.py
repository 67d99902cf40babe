"""Declarations: what rule implementations and aspects tell while they run: files, actions, what targets provide."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import starlark as sl

from rulesengine.analysis import drivers
from rulesengine.analysis.actions import ActionBuilder
from rulesengine.analysis.batch import Batch
from rulesengine.analysis.constraints import Constraints
from rulesengine.analysis.expansion import expand_location, expand_make
from rulesengine.analysis.runfiles import Runfiles
from rulesengine.analysis.specs import shell_environment
from rulesengine.errors import AnalysisError, ConflictError, RulesEngineError
from rulesengine.loading import Loader
from rulesengine.loading.border import received
from rulesengine.model.action import Action
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.target import Target

_REQUIREMENT = re.compile(r"(?:block|requires|no|supports|disable)-|local$|(?:cpu|resources):")
"""The tags that say how the actions of a target are to run."""
_NONE: dict[str, Any] = {}
_NO_PATHS: list[str] = []


class Declarations:
    """Receives them.

    batch: what runs now.  explain: says of an error which target it was.
    """

    def __init__(
        self,
        loader: Loader,
        actions: ActionBuilder,
        constraints: Constraints,
        explain: Callable[[RulesEngineError, Target], None],
    ) -> None:
        self.batch = Batch([])
        self._loader = loader
        self._actions = actions
        self._constraints = constraints
        self._explain = explain
        self._look_into: Callable[[str], Sequence[str]] = lambda path: (path,)
        loader.analysis.update(self._callables())
        actions.graph.make = self._made

    def begin(self, batch: Batch) -> Batch:
        """What is told from now on is of this batch."""
        self.batch = batch
        return batch

    def _callables(self) -> dict[str, Callable[..., Any]]:
        return {
            "py_declare": self._declare,
            "py_told": self._told,
            "py_said": self._said,
            "py_next": self._next,
            "py_aspect_done": self._finish_aspect,
            "py_target_actions": self._target_actions,
            "py_expand_location": self._expand_location,
            "py_expand_make": lambda text: expand_make(*received(text)),
            "py_output_path": self._output_path,
            "py_has_constraint": self._has_constraint,
            "py_members": self._members,
        }

    def _declare(self, text: str) -> int:
        index, kind, filename = text.split("\n", 2)
        self._take(int(index), [[kind, filename]])
        return 0

    def _told(self, text: str) -> int:
        index, told = received(text)
        self._take(index, told)
        return 0  # the border takes twice as long for None

    def _take(self, index: int, told: list[Any]) -> None:
        """What a target declared: files, as names or lists of kind and name, and actions, in its order."""
        batch = self.batch
        running = batch.work[index]
        target, configuration = running.target, running.configuration
        label, actions = target.label, self._actions
        for spec in told:
            if type(spec) is not dict:
                kind, filename = ("", spec) if type(spec) is str else spec
                artifact = actions.declare(label, configuration, filename, kind or "file")
                if kind != "file":
                    batch.declared.setdefault(index, []).append(artifact)
                continue
            _complete(spec, configuration)
            if "tags" in target.attributes:
                asked = {tag: "" for tag in target.attributes["tags"] if _REQUIREMENT.match(tag)}
                if asked:
                    spec["requirements"] = {**asked, **(spec.get("requirements") or {})}
            try:
                actions.add(label, configuration, spec, partial(self._late, batch, target))
            except ConflictError as fault:  # told when the target is done, as it is not this call that is wrong
                batch.conflicts.setdefault(index, fault)

    def _made(self, what: tuple[Target, Configuration, str]) -> Iterator[Action]:
        """The actions of a target, of usual parts, as it told them."""
        target, configuration, told = what
        for spec in received(told):
            if type(spec) is dict:
                _complete(spec, configuration)
                yield self._actions.action(target.label, configuration, spec)

    def _late(self, batch: Batch, target: Target, index: int, members: Callable[[str], Sequence[str]]) -> list[Any]:
        """What function `index` that an implementation left for later makes of trees."""
        loaded = {"p": self._loader.prelude, "t": batch.module}
        self._look_into = members
        module = sl.Module()
        module["INDEX"] = index
        try:
            self._loader.interpreter.evaluate(module, drivers.looking(), loaded.__getitem__, AnalysisError)
        except RulesEngineError as fault:
            self._explain(fault, target)
            raise
        found: list[Any] = json.loads(str(module["MADE__"]))
        return found

    def _members(self, path: str) -> str:
        return "\n".join(self._look_into(path))

    def _next(self) -> int:
        self.batch.running += 1
        self._loader.guard.budget.begin()  # each implementation of a batch has its own
        return 0

    def _said(self, text: str) -> int:
        """What the targets that are done since the last time said, and a line of what each declared.

        1 where that is not JSON: then it comes once more.
        """
        try:
            first, *lines = text.split("\n")
            said = received(first)
            told = [
                line if "made" in one and _is_json(line) else received(line)
                for one, line in zip(said, lines, strict=True)
            ]
        except ValueError:
            return 1
        done = self.batch.done
        for one, declared in zip(said, told, strict=True):
            try:
                self._finish(len(done), one, declared)
            except RulesEngineError as fault:
                done.append(fault)
            else:
                done.append(one)
        return 0

    def _finish(self, index: int, done: dict[str, Any], told: str | list[Any]) -> None:
        running = self.batch.work[index]
        if isinstance(told, list):
            self._take(index, told)
        elif "tags" in running.target.attributes or not self._actions.later(
            running.target.label, done["made"], (running.target, running.configuration, told)
        ):
            self._take(index, received(told))
        self._check_actions(index)
        if "executable" in done:
            program = self._actions.artifacts[done["executable"]]
            if not program.is_source and not self._actions.graph.makes(program):
                raise AnalysisError(
                    "the rule is executable: it needs to make a file that can be executed and give it to DefaultInfo",
                    label=running.target.label,
                    hint="DefaultInfo(executable = FILE), with an action that makes FILE",
                )
            self._actions.runfiles[done["executable"]] = Runfiles(
                running.target.label,
                running.configuration,
                done.get("runfiles", _NO_PATHS),
                done["files"],
                tuple((path, file) for path, file in done.get("symlinks", ())),
                tuple((path, file) for path, file in done.get("root_symlinks", ())),
            )

    def _finish_aspect(self, index: int, text: str) -> None:
        done = json.loads(text)
        self._check_actions(index)
        self.batch.done.append(done)

    def _target_actions(self, index: int) -> str:
        running = self.batch.work[index]
        found = self._actions.graph.owned(str(running.target.label), running.configuration.mnemonic)
        from rulesengine.analysis.described import described

        return json.dumps([described(one) for one in found])

    def _check_actions(self, index: int) -> None:
        """Raise AnalysisError where an action is in another's way, or unless every declared file has one."""
        conflict = self.batch.conflicts.get(index)
        if conflict is not None:
            raise conflict
        graph = self._actions.graph
        missing = [one for one in self.batch.declared.get(index, ()) if not graph.makes(one)]
        if missing:
            names = ", ".join(dict.fromkeys(one.short_path for one in missing))
            raise AnalysisError(
                f"files that the rule declared have no generating action: {names}",
                label=self.batch.work[index].target.label,
                hint="make them with ctx.actions.run, run_shell, write or symlink",
            )

    def _expand_location(self, text: str, what: str) -> str:
        label, known = json.loads(what)
        if self.batch.running < len(self.batch.work):  # an alias stands for its target under both names
            running = self.batch.work[self.batch.running]
            for key, other in zip(running.resolved.wanted, running.found, strict=False):
                if key[0] != other.label and str(other.label) in known:
                    known.setdefault(str(key[0]), known[str(other.label)])
        return expand_location(text, Label(*label), known)

    def _has_constraint(self, index: int, text: str) -> bool:
        return self._constraints.holds(text, self.batch.work[index].configuration)

    def _output_path(self, text: str) -> str:
        running, label = self.batch.work[self.batch.running], Label.parse(text)
        return self._actions.output_path(label, running.configuration, label.name)


def _is_json(text: str) -> bool:
    """Whether it is sure that Starlark's str() wrote JSON: there are no unusual characters, and no such values."""
    return not ("\\x" in text or "\\U" in text or "None" in text or "True" in text or "False" in text)


def _complete(spec: dict[str, Any], configuration: Configuration) -> None:
    """Add what --action_env says to an action that has the usual environment."""
    if "default_env" in spec:
        spec["env"] = {**shell_environment(configuration), **spec.get("env", _NONE)}
