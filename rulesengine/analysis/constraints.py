"""Constraint values: which of them a configuration's platform has, defaults of settings included."""

from __future__ import annotations

from collections.abc import Iterable

from rulesengine.analysis.platforms import follow
from rulesengine.errors import AnalysisError, Location
from rulesengine.loading import Loader
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.target import Target


class Constraints:
    """Answers, and remembers, what holds of a platform."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._values: dict[str, Target] = {}
        self._known: dict[tuple[str, Configuration], bool] = {}

    def value(self, text: str, place: Location | None = None) -> Target:
        """The constraint_value that a label names, through aliases.  Raises AnalysisError, LoadingError."""
        found = self._values.get(text)
        if found is None:
            found = follow(self._loader, Label.parse(text), place)
            if found.rule_name != "constraint_value":
                raise AnalysisError(f"{text} is a {found.rule_name}, not a constraint_value", location=place)
            self._values[text] = found
        return found

    def holds(self, text: str, configuration: Configuration, place: Location | None = None) -> bool:
        """Whether the platform has a constraint value, or names none of its setting and it is the default."""
        key = (text, configuration)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._holds(self.value(text, place), configuration)
        return known

    def _holds(self, value: Target, configuration: Configuration) -> bool:
        if str(value.label) in configuration.constraints:
            return True
        setting = self.setting(value)
        default = setting.attributes.get("default_constraint_value")
        if not default:
            return False
        wanted = Label.parse(default, repo=setting.label.repo, package=setting.label.package)
        if follow(self._loader, wanted).label != value.label:
            return False
        return all(self.setting(self.value(one)).label != setting.label for one in configuration.constraints)

    def setting(self, value: Target) -> Target:
        """The constraint_setting of a constraint_value."""
        return follow(self._loader, Label.parse(value.attributes["constraint_setting"]), value.location)

    def missing(
        self, texts: Iterable[str], configuration: Configuration, place: Location | None = None
    ) -> tuple[str, ...]:
        """Those of some constraint values that the platform has not."""
        return tuple(str(self.value(text, place).label) for text in texts if not self.holds(text, configuration, place))
