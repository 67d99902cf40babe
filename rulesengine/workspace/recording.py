"""Recorder: writes into the history what a build's actions were made of, where that is news."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rulesengine.execution.history import History, Line, State, known_action
from rulesengine.execution.plan import Task
from rulesengine.model.action import Action
from rulesengine.model.artifact import Artifact, FileValue, TreeValue, Value
from rulesengine.model.command_line import no_trees, render
from rulesengine.model.depset import Depset
from rulesengine.workspace.outputs import LinkingStore, members_of

if TYPE_CHECKING:
    from rulesengine.analysis import Analysis, ConfiguredTarget
    from rulesengine.loading import Loader

_INLINE = 12
"""Inputs up to so many stand in the action's own line."""
_MAX_ARGUMENT = 4096
_MAX_COMMAND = 1 << 16
_MAX_ATTRIBUTE = 1 << 15
_SHORT = 1 << 10
_MAX_FILE = 64 << 20
_USERINFO = r"(?<=://)[^/@\s]+@"
_QUIET = frozenset({"name", "visibility", "tags", "testonly", "deprecation", "generator_name", "generator_function"})
"""Attributes that no action sees."""


@functools.cache
def _secret() -> re.Pattern[str]:
    """What the names of credentials have in them."""
    return re.compile(r"TOKEN|PASSW|SECRET|CREDENTIAL|API_?KEY|PRIVATE|AUTH", re.IGNORECASE)


@functools.lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return _secret().search(name) is not None


class Recorder:
    """Told of each execution of one build.  Writes nothing where nothing is new."""

    def __init__(
        self, base: str, loader: Loader | None, analysis: Analysis | None, request: dict[str, Any], store: LinkingStore
    ) -> None:
        """loader, analysis: None where nothing was loaded, since only sources changed (rebuild.py)."""
        self._history = History(base)
        self._loader = loader
        self._analysis = analysis
        self._request = request
        self._store = store
        self._targets: dict[tuple[str, str], ConfiguredTarget] | None = None
        self._told: set[tuple[str, str]] = set()
        self._sets: dict[int, tuple[Depset[Artifact], str]] = {}
        self._lines: list[Line] = []
        self._number = 0
        self._pending = False

    def __call__(self, tasks: Sequence[Task], values: Mapping[Artifact, Value]) -> None:
        """Record what the tasks came to.  Never raises for what cannot be written."""
        state = self._history.state()
        current = state.current
        news = []
        for task in tasks:
            if task.done:
                before = current.get(task.action.outputs[0].path)
                if before is None or before[0] != key_of(task) or (task.ran and not task.is_pinned):
                    news.append((task, before))
        if not news:
            return
        self._number = state.build + 1
        self._history.append(self._news(news, state, values))

    def _news(
        self, news: Sequence[tuple[Task, tuple[str, str] | None]], state: State, values: Mapping[Artifact, Value]
    ) -> Iterator[Line]:
        """The lines of a build, one after the other: of many actions they are more than the actions themselves."""
        yield {
            "t": "build",
            "n": self._number,
            "at": int(time.time()),
            "request": self._request,
            "configurations": self._configurations({task.action.configuration for task, _ in news}),
            "files": self._files(state),
        }
        for task, before in news:
            self._lines = []
            action = self._action(task, before, state, values)
            yield from self._lines
            yield action

    def foretold(self, tasks: Sequence[Task], values: Mapping[Artifact, Value]) -> tuple[int, Line, list[Line]]:
        """What the lines of a build and of actions would be: its number, its line (targets in it), theirs.

        Inputs that are not there yet have the value `?`.
        """
        state = self._history.state()
        self._number = state.build + 1
        self._lines = []
        self._pending = True
        actions = [self._action(task, None, state, values) for task in tasks]
        build = {
            "t": "build",
            "n": self._number,
            "request": {},
            "configurations": self._configurations({one["configuration"] for one in actions}),
            "files": self._files(state),
            "lines": self._lines,
        }
        return self._number, build, actions

    @staticmethod
    def key(task: Task) -> str:
        """What tells one run of an action from another; empty while it waits."""
        return key_of(task) if task.is_pinned or task.key is not None else ""

    # ---- one action ----

    def _action(
        self, task: Task, before: tuple[str, str] | None, state: State, values: Mapping[Artifact, Value]
    ) -> Line:
        action = task.action
        path = action.outputs[0].path
        key = self.key(task)
        command = _command(task)
        environment = [[name, _hidden(name, value)] for name, value in sorted(action.environment)]
        told = json.dumps([command, environment, sorted(action.platform), action.timeout, action.configuration])
        shape = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
        if before is not None and before[1] == shape:
            target = state.targets.get(f"{action.owner} {action.configuration}") or ""
        else:
            target = self._target(action.owner, action.configuration, state)
        line = {
            "n": self._number,
            "path": path,
            "key": key,
            "shape": shape,
            "configuration": action.configuration,
            "ran": task.ran,
        }
        outputs = {one.path: _value(values.get(one)) for one in action.outputs}
        if not self._pending and known_action(path, key) in state.known:
            return {"t": "again", **line, "outputs": outputs}
        line |= {
            "t": "action",
            "owner": action.owner,
            "mnemonic": action.mnemonic,
            "argv": command,
            "environment": environment,
            "platform": sorted(action.platform),
            "target": target,
            "outputs": outputs,
        }
        if not action.cacheable:
            line["fresh"] = True
        if action.op is not None:
            line["op"] = action.op
        if self._pending or len(task.inputs) <= _INLINE:
            line["inputs"] = [[one.path, _value(values.get(one))] for one in task.inputs]
        else:
            line["set"] = self._set(action.inputs, values, state)
        images = {one.path: found for one in action.outputs if (found := self._image(values.get(one))) is not None}
        if images:
            line["images"] = images
        return line

    def _image(self, value: Value | None) -> dict[str, Any] | None:
        if not isinstance(value, TreeValue):
            return None
        try:
            from rulesengine.workspace.layout import structure

            return structure(members_of(value, self._store), self._store.read)
        except KeyError:
            return None

    def _set(self, top: Depset[Artifact], values: Mapping[Artifact, Value], state: State) -> str:
        """The id of the line of a depset; it and those below it are added where they are new."""
        stack = [(top, False)]
        while stack:
            node, ready = stack.pop()
            if id(node) in self._sets:
                continue
            if not ready:
                stack.append((node, True))
                stack += [(one, False) for one in node.transitive]
                continue
            files = [[one.path, _value(values[one])] for one in node.direct if one in values]
            below = [self._sets[id(one)][1] for one in node.transitive]
            name = hashlib.blake2b(json.dumps([files, below]).encode(), digest_size=12).hexdigest()
            self._sets[id(node)] = (node, name)
            if f"s {name}" not in state.known:
                state.known[f"s {name}"] = True
                self._lines.append({"t": "set", "id": name, "files": files, "sets": below})
        return self._sets[id(top)][1]

    # ---- what declared it ----

    def _target(self, label: str, configuration: str, state: State) -> str:
        """The id of the line of a target; it and those it depends on are added where they are new."""
        if self._targets is None:
            configured = self._analysis.configured.values() if self._analysis is not None else ()
            self._targets = {(str(one.label), one.configuration.mnemonic): one for one in configured}
        stack = [(label, configuration)]
        while stack:
            here = stack.pop()
            if here in self._told:  # and all that it depends on
                continue
            self._told.add(here)
            one = self._targets.get(here)
            if one is None or one.target.kind != "rule":
                continue
            below = [(str(key[0]), key[1].mnemonic) for key in one.dependencies]
            stack += below
            name = f"{here[0]} {here[1]}"
            line = _described(one, here, [f"{key[0]} {key[1]}" for key in below])
            if state.targets.get(name) != line["id"]:
                state.targets[name] = line["id"]
                self._lines.append({"t": "target", "n": self._number, **line})
        return state.targets.get(f"{label} {configuration}") or ""

    def _configurations(self, names: set[str]) -> dict[str, Any]:
        out = {}
        for one in {key[1] for key in self._analysis.configured} if self._analysis is not None else ():
            if one.mnemonic in names:
                out[one.mnemonic] = {
                    "platform": str(one.platform),
                    "label": one.platform_label,
                    "settings": dict(one.settings),
                }
        return out

    def _files(self, state: State) -> dict[str, str]:
        """Files that loading read, as they are now, where they changed since the last record."""
        found: dict[str, str] = {}
        if self._loader is None:
            return found
        for shown, text in self._loader.texts.originals():
            if not shown.startswith("<"):
                found[shown] = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        top = self._loader.root + "/"
        for path, kind in self._loader.tracked.items():
            shown = path.removeprefix(top)
            if kind != "file" or not path.startswith(top) or shown in found:
                continue
            try:
                if os.path.getsize(path) <= _MAX_FILE:
                    with open(path, "rb") as stream:
                        found[shown] = hashlib.blake2b(stream.read(), digest_size=12).hexdigest()
            except OSError:
                continue
        return {path: digest for path, digest in found.items() if state.files.get(path) != digest}


def key_of(task: Task) -> str:
    """What tells one run of an action from another: its key, or what it is pinned to."""
    if task.is_pinned:
        return "pin-" + "-".join(digest.hash[:24] for _, digest in task.action.pinned)
    assert task.key is not None
    return task.key.hash[:40]


def _described(one: ConfiguredTarget, name: tuple[str, str], below: list[str]) -> Line:
    target = one.target
    attributes = {}
    for key, value in target.attributes.items():
        if key not in _QUIET:
            if not value or value is True:
                attributes[key] = value
                continue
            text = value if isinstance(value, str) and len(value) < _SHORT else json.dumps(value, sort_keys=True)
            if len(text) > _MAX_ATTRIBUTE:
                value = "sha256:" + _hash(text)
            elif "://" in text or _is_secret(key) or _secret().search(text):
                value = _clean(key, value)
            attributes[key] = value
    line: Line = {
        "label": name[0],
        "configuration": name[1],
        "rule": target.rule_name,
        "module": target.rule.module if target.rule is not None else "",
        "attributes": attributes,
        "place": f"{target.location.path}:{target.location.line}" if target.location is not None else "",
        "dependencies": below,
    }
    line["id"] = hashlib.blake2b(json.dumps(line, sort_keys=True).encode(), digest_size=12).hexdigest()
    return line


def _command(task: Task) -> list[str]:
    """The command line with real paths, without what could be a credential, and not without end."""
    action: Action = task.action
    words = task.spelling.arguments if task.spelling is not None else ()
    if not words:
        words = tuple(render(action.arguments, lambda artifact: artifact.path, no_trees))
    out = []
    left = _MAX_COMMAND
    for number, word in enumerate(words):
        if left <= 0:
            out.append(f"… {len(words) - number} more sha256:{_hash(chr(0).join(words[number:]))}")
            break
        if "://" in word:
            word = re.sub(_USERINFO, "", word)
        if word.startswith("-") and "=" in word and _is_secret(word.partition("=")[0]):
            name, _, value = word.partition("=")
            word = f"{name}={_hidden(name, value)}"
        if len(word) > _MAX_ARGUMENT:
            word = f"{word[:_MAX_ARGUMENT]}… sha256:{_hash(word)}"
        out.append(word)
        left -= len(word) + 1
    return out


def _hidden(name: str, value: str) -> str:
    """A variable's value; of what could be a credential just enough to see that it changed."""
    if _is_secret(name):
        return f"(not shown, {_hash(name + value)[:6]})"
    return re.sub(_USERINFO, "", value) if "://" in value else value


def _clean(name: str, value: Any) -> Any:
    """An attribute's value without what could be a credential."""
    if isinstance(value, str):
        return _hidden(name, value)
    if isinstance(value, list):
        return [_clean(name, one) for one in value]
    if isinstance(value, dict):
        return {key: _clean(f"{name} {key}", one) for key, one in value.items()}
    return value


def _value(value: Value | None) -> str:
    if value is None:
        return "?"
    if isinstance(value, FileValue):
        return f"{'x' if value.executable else 'f'}{value.digest.hash}:{value.digest.size}"
    return f"t{value.digest.hash}:{value.digest.size}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
