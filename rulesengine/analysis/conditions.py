"""select(): which branches hold in a configuration, and which of them is chosen."""

from __future__ import annotations

from typing import Any

from rulesengine.analysis.constraints import Constraints
from rulesengine.analysis.label_settings import absolute, is_label_setting, value_of
from rulesengine.analysis.platforms import follow
from rulesengine.analysis.visibility import check as check_visibility
from rulesengine.errors import AnalysisError, LoadingError, Location
from rulesengine.loading import Loader
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.rule import EMPTY_VALUES, AttributeSchema
from rulesengine.model.target import SELECT, Target, is_select, labels_of

DEFAULT = "//conditions:default"
_DEMANDS = ("values", "define_values", "flag_values", "constraint_values")


class Conditions:
    """Answers, and remembers, which conditions hold."""

    def __init__(self, loader: Loader, constraints: Constraints) -> None:
        self._loader = loader
        self._constraints = constraints
        self._known: dict[tuple[str, Configuration], frozenset[str] | None] = {}

    def facts(self, condition: str, configuration: Configuration) -> frozenset[str] | None:
        """What a condition demands, as a set, when it holds; None when it does not.

        A condition that demands more is the more specific one.  Raises AnalysisError where the
        label is no condition.
        """
        key = (condition, configuration)
        if key not in self._known:
            self._known[key] = self._facts(condition, configuration)
        return self._known[key]

    def _facts(self, condition: str, configuration: Configuration) -> frozenset[str] | None:
        target = follow(self._loader, Label.parse(condition))
        for _ in range(100):
            if target.rule is None or target.rule_name != "alias":
                break
            chosen = self.resolve(
                target, "actual", target.rule.schema["actual"], target.attributes.get("actual"), configuration
            )
            target = follow(self._loader, Label.parse(str(chosen)))
        if target.rule_name == "constraint_value":
            return frozenset({str(target.label)}) if self._constraints.holds(condition, configuration) else None
        if target.rule_name == "platform":
            return None
        if target.rule_name != "config_setting":
            raise AnalysisError(
                f"{condition} is a {target.rule_name}; select() takes config_setting or constraint_value targets"
            )
        self.check(target)
        facts = set()
        for label in labels_of("label_list", target.attributes.get("constraint_values")):
            if not self._constraints.holds(str(label), configuration, target.location):
                return None
            facts.add(str(self._constraints.value(str(label)).label))
        for label_text, wanted in (target.attributes.get("flag_values") or {}).items():
            flag = follow(self._loader, Label.parse(label_text))
            if is_label_setting(flag):
                if str(value_of(self._loader, flag, configuration)) != absolute(self._loader, wanted, target.label):
                    return None
            elif not self._is_set(flag, configuration, wanted):
                return None
            facts.add(f"{flag.label}={wanted}")
        for name, wanted in (target.attributes.get("values") or {}).items():
            if name == "define":
                name, _, wanted = wanted.partition("=")
                name = f"define/{name}"
            have = configuration.option(name)
            if name == "stamp":
                have, wanted = "1" if have else "0", "1" if wanted.lower() in ("1", "true", "yes") else "0"
            if have != wanted:
                return None
            facts.add(f"{name}={wanted}")
        for name, wanted in (target.attributes.get("define_values") or {}).items():
            if configuration.setting(f"//command_line_option:define/{name}") != wanted:
                return None
            facts.add(f"define/{name}={wanted}")
        return frozenset(facts)

    @staticmethod
    def check(setting: Target) -> None:
        """Raise AnalysisError for a config_setting that demands nothing."""
        if not any(setting.attributes.get(name) for name in _DEMANDS):
            raise AnalysisError(
                f"{setting.label} demands nothing: a config_setting has values, define_values, flag_values "
                "or constraint_values",
                location=setting.location,
            )

    @staticmethod
    def _is_set(flag: Target, configuration: Configuration, wanted: str) -> bool:
        """Whether a build setting has a value, as config_setting(flag_values = …) writes it; a list: holds it."""
        value = configuration.setting(str(flag.label))
        if value is None:
            value = flag.attributes.get("build_setting_default")
        if isinstance(value, list):
            return wanted in value
        if isinstance(value, bool):
            return wanted.lower() in (("true", "1", "yes") if value else ("false", "0", "no"))
        return str(value) == wanted

    def resolve(
        self, target: Target, name: str, schema: AttributeSchema | None, value: Any, configuration: Configuration
    ) -> Any:
        """A raw attribute value with every select() replaced by its branch; None where nothing was given."""
        if not isinstance(value, list):
            return value
        for one in value:
            if type(one) is not str and is_select(one):
                break
        else:
            return value
        parts: list[Any] = []
        for one in value:
            if is_select(one):
                chosen = self._choose(target, name, one, configuration)
                if isinstance(chosen, list) and any(is_select(inner) for inner in chosen):
                    chosen = self.resolve(target, name, schema, chosen, configuration)  # a computed default has those
                if chosen is None:
                    chosen = None if schema is None else (schema.default or EMPTY_VALUES.get(schema.kind))
                parts.append(chosen)
            else:
                parts.append([one])
        if len(parts) == 1:
            return parts[0]
        if all(isinstance(part, list) for part in parts):
            return [one for part in parts for one in part]
        if all(isinstance(part, str) for part in parts):
            return "".join(parts)
        if all(isinstance(part, dict) for part in parts):
            return {key: inner for part in parts for key, inner in part.items()}
        raise AnalysisError(
            f"attribute '{name}': the parts of a sum with select() are of unlike types",
            label=target.label,
            location=self._place(target, name),
        )

    def _check_visible(self, target: Target, name: str, condition: str) -> None:
        """A config_setting that says who may see it may be named by these only; one that does not, by everyone."""
        label = Label.parse(condition)
        if (label.repo, label.package) != (target.label.repo, target.label.package):
            named = self._loader.target(label)
            if named.rule_name == "config_setting" and "visibility" in named.attributes:
                check_visibility(self._loader, target, named, name)

    def _place(self, target: Target, name: str) -> Location | None:
        return None if target.location is None else self._loader.texts.attribute(target.location, name)

    def _choose(self, target: Target, name: str, select: dict[str, Any], configuration: Configuration) -> Any:
        matches: list[tuple[str, frozenset[str], Any]] = []
        fallback: list[Any] = []
        for condition, value in select[SELECT]:
            if condition == DEFAULT:
                fallback.append(value)
                continue
            try:
                self._check_visible(target, name, condition)
                facts = self.facts(condition, configuration)
            except (LoadingError, AnalysisError) as fault:
                fault.location = fault.location or self._place(target, name)
                fault.notes = (*fault.notes, f"{target.label} names it in a select() of attribute '{name}'")
                raise
            if facts is not None:
                matches.append((condition, facts, value))
        best = [match for match in matches if not any(match is not other and match[1] < other[1] for other in matches)]
        if len(best) > 1 and any(value != best[0][2] for _, _, value in best):
            raise AnalysisError(
                f"attribute '{name}': several conditions of select() hold: " + ", ".join(c for c, _, _ in best),
                label=target.label,
                location=self._place(target, name),
                hint="make one of them more specific, or give them the same value",
            )
        if best:
            return best[0][2]
        if fallback:
            return fallback[0]
        raise AnalysisError(
            select.get("error__")
            or f"attribute '{name}': no condition of select() holds for {configuration.platform}; they are: "
            + ", ".join(condition for condition, _ in select[SELECT]),
            label=target.label,
            location=self._place(target, name),
            hint='add a branch "//conditions:default"' if not select.get("error__") else None,
        )
