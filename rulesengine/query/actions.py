"""Actions as `aquery` shows them: filters on inputs, outputs and mnemonics; text, summary and JSON forms."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rulesengine.errors import RulesEngineError, UsageError, did_you_mean
from rulesengine.model.action import Action
from rulesengine.model.artifact import Artifact
from rulesengine.model.command_line import render as command_line
from rulesengine.query.surroundings import NONE, Surroundings
from rulesengine.values import frozen

FORMS = ("text", "summary", "commands", "json", "jsonproto", "textproto")


@frozen
class ActionFilter:
    """What `mnemonic()`, `inputs()` and `outputs()` ask of an action: regular expressions that match whole texts."""

    mnemonics: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def takes(self, action: Action) -> bool:
        """Whether an action passes."""
        return (
            all(re.fullmatch(one, action.mnemonic) for one in self.mnemonics)
            and all(_any(one, action.inputs) for one in self.inputs)
            and all(_any(one, action.outputs) for one in self.outputs)
        )


def _any(pattern: str, artifacts: Iterable[Artifact]) -> bool:
    wanted = re.compile(pattern)
    return any(wanted.fullmatch(one.path) for one in artifacts)


@frozen
class QueriedAction:
    """An action with what surrounds it.  rule: the kind of its target's rule.  around: see Surroundings."""

    action: Action
    rule: str
    around: Surroundings = NONE

    @property
    def target(self) -> str:
        """The label of the target it belongs to."""
        return self.action.owner

    @property
    def mnemonic(self) -> str:
        """What kind of action it is: `Genrule`."""
        return self.action.mnemonic

    @property
    def configuration(self) -> str:
        """The name of the configuration its target is in."""
        return self.action.configuration

    @property
    def message(self) -> str:
        """What is shown while it runs."""
        return self.action.describe()

    @property
    def key(self) -> str:
        """A digest of command, environment and paths, not of its inputs' bytes."""
        return action_key(self.action)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The command line, paths as they are in the execution root; a directory stands for the files in it."""
        return tuple(self.around.arguments(self.action))

    @property
    def environment(self) -> dict[str, str]:
        """Its variables."""
        return dict(self.action.environment)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Execution paths, sorted."""
        return tuple(sorted(file.path for file in self.around.inputs(self.action)))

    @property
    def outputs(self) -> tuple[str, ...]:
        """Execution paths, in the order in which the rule names them."""
        return tuple(file.path for file in self.action.outputs)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `aquery --output=json` prints it."""
        return {
            "mnemonic": self.mnemonic,
            "target": self.target,
            "rule": self.rule,
            "configuration": self.configuration,
            "actionKey": self.key,
            "arguments": list(self.arguments),
            "environment": self.environment,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "message": self.message,
        }


class QueriedActions(list[QueriedAction]):
    """The answer of `aquery`.  faults: what was left out, since it does not load or its rule fails."""

    def __init__(self, actions: Iterable[QueriedAction] = (), faults: tuple[RulesEngineError, ...] = ()) -> None:
        super().__init__(actions)
        self.faults = faults


def arguments(action: Action) -> list[str]:
    """The command line with paths as they are in the execution root; `*` stands for the files of a tree."""
    return command_line(action.arguments, lambda artifact: artifact.path, lambda _: ["*"])


def action_key(action: Action) -> str:
    """A digest of what the action is: command, environment and paths, not the bytes of its inputs."""
    parts = [action.mnemonic, *arguments(action), "", *(f"{name}={value}" for name, value in action.environment), ""]
    parts += [*(one.path for one in action.inputs), "", *(one.path for one in action.outputs)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def render(
    shown: Sequence[QueriedAction],
    form: str,
    *,
    commandline: bool = True,
    artifacts: bool = True,
    param_files: bool = False,
) -> str:
    """The whole text.  Raises UsageError for an unknown form."""
    if form == "text":
        return "".join(_text(one, commandline, artifacts, param_files) + "\n" for one in shown)
    if form == "commands":
        return "".join(shlex.join(one.arguments) + "\n" for one in shown)
    if form == "summary":
        return _summary(shown)
    if form == "json":
        return json.dumps([one.to_dict() for one in shown], indent=2, ensure_ascii=False) + "\n"
    if form == "jsonproto":
        return (
            json.dumps(container(shown, commandline=commandline, artifacts=artifacts), indent=2, ensure_ascii=False)
            + "\n"
        )
    if form == "textproto":
        from rulesengine.query.text_format import text_format

        return text_format(container(shown, commandline=commandline, artifacts=artifacts))
    raise UsageError(f"unknown output {form!r}", hint=did_you_mean(form, FORMS) or "one of " + " ".join(FORMS))


def _text(one: QueriedAction, commandline: bool, artifacts: bool, param_files: bool) -> str:
    action = one.action
    lines = [
        f"action '{action.describe()}'",
        f"  Mnemonic: {action.mnemonic}",
        f"  Target: {action.owner}",
        f"  Configuration: {action.configuration}",
        f"  ActionKey: {action_key(action)}",
    ]
    if artifacts:
        lines.append(f"  Inputs: [{', '.join(one.inputs)}]")
        lines.append(f"  Outputs: [{', '.join(sorted(file.path for file in action.outputs))}]")
    if action.environment:
        pairs = ", ".join(f"{name}={value}" for name, value in action.environment)
        lines.append(f"  Environment: [{pairs}]")
    if action.platform:
        lines.append("  ExecutionInfo: {" + ", ".join(f"{name}: {value}" for name, value in action.platform) + "}")
    if commandline:
        words = [shlex.quote(word) for word in one.arguments]
        lines.append("  Command Line: (exec " + " \\\n    ".join(words) + ")")
    if param_files:
        lines += [f"  Param File: {file.path}" for file in action.inputs if file.path.endswith(".params")]
    return "\n".join(lines) + "\n"


def _summary(shown: Sequence[QueriedAction]) -> str:
    lines = [f"{len(shown)} total action{'' if len(shown) == 1 else 's'}.", ""]
    parts: tuple[tuple[str, Callable[[QueriedAction], str]], ...] = (
        ("Mnemonics", lambda one: one.action.mnemonic),
        ("Configurations", lambda one: one.action.configuration),
        ("Rules", lambda one: one.rule),
    )
    for title, name in parts:
        lines.append(f"{title}:")
        counts = Counter(name(one) for one in shown)
        lines += [f"  {text}: {count}" for text, count in sorted(counts.items(), key=lambda pair: (pair[1], pair[0]))]
        lines.append("")
    return "\n".join(lines)


class _Numbers:
    """Numbers for what an ActionGraphContainer refers to by number, and the messages themselves."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self.messages: list[dict[str, Any]] = []

    def of(self, key: object, make: Callable[[], dict[str, Any]]) -> int:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._numbers) + 1
            place = len(self.messages)
            self.messages.append({"id": number})
            self.messages[place] |= make()
        return number


def container(shown: Sequence[QueriedAction], *, commandline: bool = True, artifacts: bool = True) -> dict[str, Any]:
    """An ActionGraphContainer (Bazel's analysis_v2.proto) in the JSON mapping of protocol buffers."""
    fragments, files, targets, rules, configurations, sets = (_Numbers() for _ in range(6))

    def fragment(path: str) -> int:
        parent, _, name = path.rpartition("/")
        return fragments.of(path, lambda: {"label": name, **({"parentId": fragment(parent)} if parent else {})})

    def file(one: Artifact) -> int:
        def made() -> dict[str, Any]:
            value: dict[str, Any] = {"pathFragmentId": fragment(one.path)}
            return value | {"isTreeArtifact": True} if one.is_directory else value

        return files.of(one.path, made)

    def target(one: QueriedAction) -> int:
        def made() -> dict[str, Any]:
            return {"label": one.action.owner, "ruleClassId": rules.of(one.rule, lambda: {"name": one.rule})}

        return targets.of(one.action.owner, made)

    actions: list[dict[str, Any]] = []
    for one in shown:
        action = one.action
        made: dict[str, Any] = {
            "targetId": target(one),
            "actionKey": action_key(action),
            "mnemonic": action.mnemonic,
            "configurationId": configurations.of(
                action.configuration,
                lambda action=action: {"mnemonic": action.configuration},  # type: ignore[misc]  # mypy infers no bound defaults
            ),
        }
        if commandline:
            made["arguments"] = list(one.arguments)
        made["environmentVariables"] = [{"key": name, "value": value} for name, value in action.environment]
        if artifacts:
            inputs = tuple(file(each) for each in one.around.inputs(action))
            made["inputDepSetIds"] = [sets.of(inputs, lambda inputs=inputs: {"directArtifactIds": list(inputs)})]  # type: ignore[misc]  # mypy infers no bound defaults
            made["outputIds"] = [file(each) for each in action.outputs]
            made["primaryOutputId"] = made["outputIds"][0]
        made["executionInfo"] = [{"key": name, "value": value} for name, value in action.platform]
        actions.append({key: value for key, value in made.items() if value != []})
    out = {
        "artifacts": files.messages,
        "actions": actions,
        "targets": targets.messages,
        "depSetOfFiles": sets.messages,
        "configuration": configurations.messages,
        "ruleClasses": rules.messages,
        "pathFragments": fragments.messages,
    }
    return {key: value for key, value in out.items() if value}


__all__ = ["FORMS", "ActionFilter", "QueriedAction", "QueriedActions", "action_key", "arguments", "container", "render"]
