"""Attributes of a target in a configuration: values chosen, labels followed to configured targets."""

from __future__ import annotations

from typing import Any

from rulesengine.analysis.common_attributes import SELECTABLE
from rulesengine.analysis.conditions import Conditions
from rulesengine.analysis.configured import ConfiguredTarget
from rulesengine.analysis.passing import Passing
from rulesengine.analysis.toolchains import Choice
from rulesengine.analysis.transitions import Transitions
from rulesengine.analysis.visibility import check as check_visibility
from rulesengine.errors import AnalysisError, AttributeValueError, LoadingError, Location
from rulesengine.loading import Loader
from rulesengine.model.aspect import Applied, Merged, Path
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.rule import EMPTY_VALUES, LABEL_KINDS, AttributeSchema, Rule
from rulesengine.model.target import PUBLIC, Target
from rulesengine.values import define, field, frozen, light

Key = tuple[Label, Configuration] | tuple[Label, Configuration, Merged | Path]
"""A configured target; one with what aspects provide for it; or what an aspect says of it."""
_TOOLCHAINS = AttributeSchema("label_list")
_MOST_ALIASES = 100
"""In a row: more are a cycle, which is told elsewhere."""
_FEATURES = AttributeSchema("string_list")
_EVERYBODY = (PUBLIC,)


@light
class Resolved:
    """What a rule implementation will see.

    values: attribute -> value; labels are indices into `wanted`.
    split: attribute with a transition -> [branch key, value] pairs.
    wanted: the configured targets that are needed, in order.
    groups: toolchains by execution group, where the rule or the target asks for any.
    make: indices of the targets in the common attribute `toolchains`, which give make variables.
    features: what the target's attribute `features` says.  common: other common attributes that may hold a select().
    """

    values: dict[str, Any] = field(factory=dict)
    split: dict[str, list[Any]] = field(factory=dict)
    wanted: dict[Key, int] = field(factory=dict)
    groups: dict[str, Choice] = field(factory=dict)
    make: list[int] = field(factory=list)
    features: list[str] = field(factory=list)
    common: dict[str, Any] = field(factory=dict)


@frozen(eq=False)
class _Plan:
    """What all targets of a rule have in common.

    defaults: every attribute's value where it is not given, in order.
    nonempty: attributes that may not be empty.
    labels: label attributes; True: where one is empty there is nothing to do; where it is not, it is a list of labels
        that are followed in the target's own configuration, without aspects.
    extensions: attributes that take files with these ends of names only.
    """

    defaults: dict[str, Any]
    nonempty: tuple[str, ...]
    labels: tuple[tuple[str, AttributeSchema, bool, bool], ...]
    extensions: tuple[tuple[str, tuple[str, ...]], ...]

    @staticmethod
    def of(rule: Rule) -> _Plan:
        schema = rule.schema.items()
        return _Plan(
            {name: EMPTY_VALUES[one.kind] if one.default is None else one.default for name, one in schema},
            tuple(name for name, one in schema if not one.allow_empty),
            tuple(
                (
                    name,
                    one,
                    one.cfg != "transition" and not one.exec_group,
                    one.kind == "label_list" and one.cfg not in ("transition", "exec") and not one.aspects,
                )
                for name, one in schema
                if one.kind in LABEL_KINDS
            ),
            tuple(
                (name, one.allow_files)
                for name, one in schema
                if one.kind in ("label", "label_list") and isinstance(one.allow_files, tuple) and not one.providers
            ),
        )


@define
class _Edge:
    """An attribute whose labels are followed, and the aspects that go along.

    written: whether it stands in the target itself if the target has it, and is not an aspect's own.
    """

    target: Target
    name: str
    schema: AttributeSchema
    aspects: list[Applied]
    written: bool = True


class Attributes:
    """Resolves and checks the attributes of targets."""

    def __init__(self, loader: Loader, conditions: Conditions, transitions: Transitions) -> None:
        self._loader = loader
        self._conditions = conditions
        self._transitions = transitions
        self._passing = Passing(loader)
        self._known: dict[str, tuple[Label, Target, bool]] = {}
        self._plans: dict[Rule, _Plan] = {}

    def _plan(self, rule: Rule) -> _Plan:
        found = self._plans.get(rule)
        if found is None:
            found = self._plans[rule] = _Plan.of(rule)
        return found

    def values(self, target: Target, configuration: Configuration) -> dict[str, Any]:
        """Every attribute's value, select() resolved, defaults filled in; labels are still text."""
        rule = target.rule
        assert rule is not None
        plan = self._plan(rule)
        out = dict(plan.defaults)
        for name, given in target.attributes.items():
            schema = rule.schema.get(name)
            if schema is not None:
                value = given
                if type(given) is list:
                    value = self._conditions.resolve(target, name, schema, given, configuration)
                if value is not None:
                    out[name] = value
        for name in plan.nonempty:
            if not out[name]:
                raise AttributeValueError(
                    f"attribute '{name}' may not be empty", label=target.label, location=self._place(target, name)
                )
        return out

    def resolve(
        self,
        target: Target,
        configuration: Configuration,
        exec_configuration: Configuration,
        path: Path = (),
        groups: dict[str, Choice] | None = None,
    ) -> Resolved:
        """The attributes of a target, to which the aspects of a path are applied.

        Raises AnalysisError, AttributeValueError, VisibilityError, LoadingError.
        """
        rule = target.rule
        assert rule is not None
        out = Resolved(self.values(target, configuration), groups=groups or {})
        plain = dict(out.values)
        wanted, known = out.wanted, self._known
        for name, schema, plainly, listed in self._plan(rule).labels:
            if plainly and not plain[name]:
                continue
            if listed and not path:
                numbers: list[int] = []
                for text in plain[name]:
                    found = known.get(text)
                    label = found[0] if found and found[2] else self.dependency(target, name, schema, text)
                    numbers.append(wanted.setdefault((label, configuration), len(wanted)))
                out.values[name] = numbers
                continue
            aspects: list[Applied] = []
            if path or schema.aspects:
                aspects = self._passing.along(target, name, schema, plain, path)
            edge = _Edge(target, name, schema, aspects)
            if schema.cfg == "transition":
                out.split[name] = [
                    [key, self._index(edge, plain[name], other, out.wanted)]
                    for key, other in self._transitions.of(target, configuration, name, plain)
                ]
                out.values[name] = None
            else:
                other = configuration
                if schema.cfg == "exec":
                    chosen = out.groups.get(schema.exec_group)
                    if chosen is None and schema.exec_group:
                        raise AnalysisError(
                            f"attribute '{name}' is for the execution group '{schema.exec_group}', which "
                            f"rule '{rule.name}' does not have",
                            label=target.label,
                            location=target.location,
                            hint=f"add {schema.exec_group!r} to exec_groups of rule()",
                        )
                    other = exec_configuration if chosen is None else chosen.execution
                out.values[name] = self._index(edge, plain[name], other, out.wanted)
        if "features" in target.attributes:
            out.features.extend(
                self._conditions.resolve(target, "features", _FEATURES, target.attributes["features"], configuration)
                or ()
            )
        for name in SELECTABLE.keys() & target.attributes.keys():
            schema, value = SELECTABLE[name], target.attributes[name]
            out.common[name] = self._conditions.resolve(target, name, schema, value, configuration)
        if "toolchains" in target.attributes:
            self._make_variables(target, configuration, out)
        for choice in out.groups.values():
            for entry in choice.entries:
                if entry.implementation is not None:
                    out.wanted.setdefault((entry.implementation, choice.implementations), len(out.wanted))
        return out

    def _make_variables(self, target: Target, configuration: Configuration, out: Resolved) -> None:
        """The common attribute `toolchains`: targets that give make variables; types among them are let be."""
        given = self._conditions.resolve(
            target, "toolchains", _TOOLCHAINS, target.attributes["toolchains"], configuration
        )
        for text in given or ():
            label = self.dependency(target, "toolchains", _TOOLCHAINS, text)
            if self._loader.target(label).rule_name != "toolchain_type":
                out.make.append(out.wanted.setdefault((label, configuration), len(out.wanted)))

    def of_aspect(
        self,
        target: Target,
        applied: Applied,
        configuration: Configuration,
        exec_configuration: Configuration,
        wanted: dict[Key, int],
        groups: dict[str, Choice] | None = None,
    ) -> Resolved:
        """An aspect's own attributes, for a target that it is applied to; `wanted` grows by what they name."""
        out = Resolved({}, wanted=wanted, groups=groups or {})
        given = dict(applied.parameters)
        for name, schema in applied.aspect.schema.items():
            value = given.get(name, schema.default)
            if value is None:
                value = EMPTY_VALUES[schema.kind]
            if schema.kind in LABEL_KINDS:
                chosen = out.groups.get(schema.exec_group)
                tools = exec_configuration if chosen is None else chosen.execution
                other = tools if schema.cfg == "exec" else configuration
                aspects = self._passing.along(target, name, schema, given, ()) if schema.aspects else []
                value = self._index(_Edge(target, name, schema, aspects, written=False), value, other, wanted)
            out.values[name] = value
        for choice in out.groups.values():
            for entry in choice.entries:
                if entry.implementation is not None:
                    wanted.setdefault((entry.implementation, choice.implementations), len(wanted))
        return out

    def _index(self, edge: _Edge, value: Any, other: Configuration, wanted: dict[Key, int]) -> Any:
        """A value with its labels replaced by their number in `wanted`."""
        target, name, schema, aspects = edge.target, edge.name, edge.schema, edge.aspects

        def index(text: Any) -> int:
            label = self.dependency(target, name, schema, text, written=edge.written)
            if aspects:
                what = self._passing.onto(aspects, label)
                if what is not None:
                    return wanted.setdefault((label, other, what), len(wanted))
            return wanted.setdefault((label, other), len(wanted))

        if schema.kind == "label":
            return None if value is None else index(value)
        if schema.kind == "label_list":
            return [index(one) for one in value]
        if schema.kind == "string_keyed_label_dict":
            return [[key, index(one)] for key, one in value.items()]
        return [[index(one), text] for one, text in value.items()]

    def _place(self, target: Target, name: str) -> Location | None:
        place = target.location
        if place is not None and name in target.attributes:
            place = self._loader.texts.attribute(place, name)
        return place

    def _aliased(self, target: Target) -> Target:
        """What an alias stands for, where no select() chooses it."""
        seen = 0
        while target.rule_name == "alias" and isinstance(target.attributes.get("actual"), str) and seen < _MOST_ALIASES:
            target = self._loader.target(self._loader.canonical(Label.known(target.attributes["actual"])))
            seen += 1
        return target

    # ---- dependencies -----------------------------------------------------------

    def dependency(
        self, target: Target, name: str, schema: AttributeSchema, text: str, *, written: bool = True
    ) -> Label:
        """The label of a dependency that exists, may be seen, and is of a kind the attribute takes."""
        loader = self._loader
        known = self._known.get(text)
        if known is None:
            label = loader.canonical(Label.known(text))
            try:
                found = loader.target(label)
                plainly = found.kind != "source" and found.visibility == _EVERYBODY and not found.testonly
                plainly = plainly and found.rule_name != "alias"
                known = self._known[text] = found.label, found, plainly
            except LoadingError as fault:
                place = self._place(target, name)
                said = f"{target.label} names {label} in attribute '{name}'"
                if fault.location is None:
                    fault.location = place
                elif place is not None and place.path != fault.location.path:
                    said = f"{place}: {said}"
                if said not in fault.notes:
                    fault.notes = (*fault.notes, said)
                raise
        label, dependency, plainly = known
        if plainly:
            return label
        written = written and name in target.attributes
        if written:
            check_visibility(loader, target, dependency, name)
        if not target.testonly and target.rule_name != "alias" and self._aliased(dependency).testonly:
            raise AttributeValueError(
                f"{label} is testonly, {target.label} is not",
                location=self._place(target, name),
                hint="add testonly = True",
            )
        if dependency.kind == "source" and written:
            self._check_source(target, name, schema, label)
        return label

    def _check_source(self, target: Target, name: str, schema: AttributeSchema, label: Label) -> None:
        allowed = schema.allow_files
        if allowed is True or (isinstance(allowed, tuple) and label.name.endswith(allowed)):
            return
        takes = "files named " + " ".join("*" + one for one in allowed) if allowed else "rule targets only"
        raise AttributeValueError(
            f"attribute '{name}': {label} is a source file, and this attribute takes {takes}",
            label=target.label,
            location=self._place(target, name),
        )

    def check_files(self, target: Target, values: dict[str, Any], found: list[ConfiguredTarget]) -> None:
        """A rule's outputs must have an extension that the attribute takes.  Raises AttributeValueError."""
        assert target.rule is not None
        for name, allowed in self._plan(target.rule).extensions:
            value = values.get(name)
            for index in value if isinstance(value, list) else [] if value is None else [value]:
                one = found[index]
                files = one.files
                if not allowed or not files or one.target.kind == "source":
                    continue
                if not any(file.path.endswith(allowed) for file in files):
                    raise AttributeValueError(
                        f"attribute '{name}': {one.label} makes no file named "
                        + " ".join("*" + end for end in allowed),
                        label=target.label,
                        location=self._place(target, name),
                    )
