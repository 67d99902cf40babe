"""Transitions: from a configuration and a function's answer to other configurations."""

from __future__ import annotations

import json
from typing import Any

from rulesengine.analysis.platforms import follow, platform_of
from rulesengine.errors import AnalysisError
from rulesengine.loading import Loader
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.target import Target

PLATFORMS = "//command_line_option:platforms"


def settings_for(loader: Loader, inputs: list[str], configuration: Configuration) -> dict[str, Any]:
    """The `settings` a transition's implementation reads."""
    out: dict[str, Any] = {}
    for name in inputs:
        if name == PLATFORMS:
            out[name] = [configuration.platform_label or str(configuration.platform)]
            continue
        if name.startswith("//command_line_option:"):
            out[name] = configuration.setting(name) or ""
            continue
        flag = follow(loader, loader.label(name))
        value = configuration.setting(str(flag.label))
        out[name] = flag.attributes.get("build_setting_default") if value is None else value
    return out


def branches(answer: Any, owner: Target) -> list[tuple[str, dict[str, Any]]]:
    """A transition's answer as (key, settings) pairs: one dict, a list of dicts or a dict of dicts."""
    if isinstance(answer, list):
        return [(str(index), one) for index, one in enumerate(answer)]
    if isinstance(answer, dict):
        if answer and all(isinstance(value, dict) for value in answer.values()):
            return list(answer.items())
        return [("", answer)]
    raise AnalysisError(
        "a transition returns a dict of settings, a list of them or a dict of them", label=owner.label,
        location=owner.location,
    )  # fmt: skip


def apply(
    loader: Loader, configuration: Configuration, settings: dict[str, Any], outputs: list[str], owner: Target
) -> Configuration:
    """The configuration with some settings changed.  Raises AnalysisError for an undeclared output."""
    changed = dict(configuration.settings)
    platform: str | None = None
    for name, value in settings.items():
        if name not in outputs:
            raise AnalysisError(
                f"a transition sets {name!r}, which is not among its outputs",
                label=owner.label,
                location=owner.location,
            )
        if name == PLATFORMS:
            values = value if isinstance(value, list) else [value]
            if len(values) != 1 or not isinstance(values[0], str):
                raise AnalysisError(
                    f"a transition sets {PLATFORMS} to {value!r}, not to one platform", label=owner.label
                )
            platform = values[0]
            continue
        key, default = name, None
        if not name.startswith("//command_line_option:"):
            flag = follow(loader, loader.label(name))
            key, default = str(flag.label), flag.attributes.get("build_setting_default")
        if value == default:
            changed.pop(key, None)
        else:
            changed[key] = json.dumps(value, sort_keys=True)
    sorted_settings = tuple(sorted(changed.items()))
    if platform is not None:
        return platform_of(loader, _absolute(platform, owner), sorted_settings)
    return Configuration(
        configuration.platform, configuration.platform_label, configuration.constraints, sorted_settings
    )


def _absolute(text: str, owner: Target) -> str:
    if text.startswith(":"):
        return str(Label.parse(text, repo=owner.label.repo, package=owner.label.package))
    return text
