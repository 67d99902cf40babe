"""From `--define`, `--compilation_mode` and `--//package:flag=value` to the settings of a configuration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rulesengine.analysis.label_settings import LABEL, default_of
from rulesengine.analysis.platforms import follow
from rulesengine.errors import LabelError, LoadingError, UsageError
from rulesengine.loading import Loader
from rulesengine.model.platform import COMMAND_LINE

ACTION_ENV = COMMAND_LINE + "action_env"
_HOST_ACTION_ENV = COMMAND_LINE + "host_action_env"
_COMPILATION_MODE = COMMAND_LINE + "compilation_mode"
_HOST_COMPILATION_MODE = COMMAND_LINE + "host_compilation_mode"
_OF_TARGETS = frozenset({ACTION_ENV, _COMPILATION_MODE, COMMAND_LINE + "stamp"})
"""What tools have of their own, or not at all."""
COMPILATION_MODES = ("fastbuild", "dbg", "opt")
_TRUE = frozenset({"1", "true", "yes", "t", "y"})
_FALSE = frozenset({"0", "false", "no", "f", "n"})


Settings = tuple[tuple[str, str], ...]
"""As `Configuration.settings` holds them."""


def settings(
    loader: Loader,
    *,
    flags: Iterable[str] = (),
    defines: Iterable[str] = (),
    compilation_mode: str = "fastbuild",
    stamp: bool = False,
    lists: Mapping[str, Sequence[str]] | None = None,
    package: str = "",
) -> tuple[tuple[str, str], ...]:
    """The settings of the top-level configuration, as `Configuration.settings` holds them.

    flags: `LABEL=VALUE`, `LABEL` or `noLABEL`, the last of equal ones counts.  defines: `NAME=VALUE`.
    lists: flags that are lists, such as `extra_toolchains`, by name.
    package: where relative labels are written.  Raises UsageError.
    """
    out: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for text in flags:
        key, value, default = _flag(loader, text, package)
        if isinstance(value, _Another):
            value = repeated.setdefault(key, [])
            value.append(text.partition("=")[2])
        if value == default:
            out.pop(key, None)
        else:
            out[key] = json.dumps(value, sort_keys=True)
    for text in defines:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"--define={text}: it is NAME=VALUE")
        out[f"{COMMAND_LINE}define/{name}"] = json.dumps(value)
    if compilation_mode != COMPILATION_MODES[0]:
        out[_COMPILATION_MODE] = json.dumps(compilation_mode)
    if stamp:
        out[f"{COMMAND_LINE}stamp"] = json.dumps("1")
    for name, values in (lists or {}).items():
        if values:
            out[COMMAND_LINE + name] = json.dumps(list(values))
    return tuple(sorted(out.items()))


def for_tools(chosen: Settings) -> Settings:
    """The settings of tools, from those that a command line chose."""
    out = {name: value for name, value in chosen if name not in _OF_TARGETS}
    environment, mode = out.pop(_HOST_ACTION_ENV, None), out.pop(_HOST_COMPILATION_MODE, '["opt"]')
    if environment is not None:
        out[ACTION_ENV] = environment
    if json.loads(mode)[-1] != COMPILATION_MODES[0]:
        out[_COMPILATION_MODE] = json.dumps(json.loads(mode)[-1])
    return tuple(sorted(out.items()))


def of_tools(user: Settings, tools: Settings) -> Settings:
    """The settings of a tool of a target with settings `user`.  tools: as the command line has them for tools."""
    kept = [pair for pair in user if pair[0] not in _OF_TARGETS]
    return tuple(sorted([*kept, *(pair for pair in tools if pair[0] in _OF_TARGETS)]))


def for_targets(chosen: Settings) -> Settings:
    """The settings of what is asked for."""
    return tuple(pair for pair in chosen if pair[0] not in (_HOST_ACTION_ENV, _HOST_COMPILATION_MODE))


class _Another:
    """One more value of a setting that may be given repeatedly."""


def _flag(loader: Loader, text: str, package: str) -> tuple[str, Any, Any]:
    """(the setting's label, its value, its default)."""
    written, equals, value = text.partition("=")
    negative = written.startswith("no") and written[2:3] in ("/", "@", ":")
    name = written[2:] if negative else written
    try:
        target = follow(loader, loader.label(name, package=package))
    except (LoadingError, LabelError) as fault:
        raise UsageError(
            f"--{text}: {fault.message}", location=fault.location, hint=fault.hint, notes=fault.notes
        ) from None
    kind = "" if target.rule is None else target.rule.build_setting
    if not kind:
        raise UsageError(
            f"--{text}: {target.label} is a {target.rule_name}, not a build setting", location=target.location
        )
    rule = target.rule
    if rule is not None and not rule.build_setting_flag:
        raise UsageError(
            f"--{text}: {target.label} is a setting that only transitions change",
            location=target.location,
            hint="its rule says config.string() and so on without flag = True",
        )
    default = default_of(loader, target)
    if negative and (kind != "bool" or equals):
        raise UsageError(f"--{text}: --no… is for settings that are true or false, without a value")
    if not equals:
        if kind != "bool":
            raise UsageError(f"--{text}: it lacks its value", hint=f"write --{name}=VALUE")
        return str(target.label), not negative, default
    if rule is not None and rule.build_setting_repeated:
        return str(target.label), _Another(), default
    if kind == LABEL:
        try:
            return str(target.label), str(loader.label(value, package=package)), default
        except LabelError as fault:
            raise UsageError(f"--{text}: {fault.message}", hint=fault.hint) from None
    return str(target.label), _value(kind, value, text), default


def _value(kind: str, value: str, text: str) -> Any:
    if kind == "bool":
        if value.lower() in _TRUE | _FALSE:
            return value.lower() in _TRUE
        raise UsageError(f"--{text}: {value!r} is not a boolean", hint="write true or false")
    if kind == "int":
        try:
            return int(value, 0)
        except ValueError:
            raise UsageError(f"--{text}: {value!r} is not a number") from None
    if kind == "string_list":
        return value.split(",") if value else []
    return value
