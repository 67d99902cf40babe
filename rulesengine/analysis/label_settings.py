"""label_flag and label_setting: settings whose value is a target, for which they stand as an alias does."""

from __future__ import annotations

from typing import Any

from rulesengine.loading import Loader
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.target import Target

LABEL = "label"
"""The kind of these settings."""


def is_label_setting(target: Target) -> bool:
    """Whether a target is such a setting."""
    return target.rule is not None and target.rule.build_setting == LABEL


def default_of(loader: Loader, setting: Target) -> Any:
    """The default of a build setting; of one whose value is a target, that target's label in full."""
    default = setting.attributes.get("build_setting_default")
    return absolute(loader, str(default), setting.label) if is_label_setting(setting) else default


def absolute(loader: Loader, text: str, owner: Label) -> str:
    """A label as written in the package of `owner`, in full."""
    return str(loader.label(text.removeprefix("@@") if text.startswith("@@//") else text, owner.repo, owner.package))


def value_of(loader: Loader, setting: Target, configuration: Configuration) -> Label:
    """The target that such a setting stands for."""
    value = configuration.setting(str(setting.label))
    return Label.parse(default_of(loader, setting) if value is None else str(value))
