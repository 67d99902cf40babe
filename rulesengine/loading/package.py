"""Package: a BUILD file evaluated, and what it declared."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from attrs import define, field

from rulesengine.errors import (
    AttributeValueError,
    LoadingError,
    Location,
    NoSuchTargetError,
    did_you_mean,
)
from rulesengine.loading.border import SourceTexts
from rulesengine.model.label import Label, check_target
from rulesengine.model.rule import LABEL_KINDS, OUTPUT_KINDS, AttributeSchema, Rule
from rulesengine.model.target import PRIVATE, PUBLIC, Target, is_select

FRAME = re.compile(r"^\s*\* (.*?):(\d+), in (.*)$", re.MULTILINE)


@define(eq=False)
class Package:
    """The targets of one package, by name.

    referenced: source files that a rule of this package names, hence targets that others may use.
    exported: source files of exports_files() and their visibility.
    """

    repo: str
    name: str
    directory: str
    build_file: str
    targets: dict[str, Target] = field(factory=dict)
    default_visibility: tuple[str, ...] = (PRIVATE,)
    default_testonly: bool = False
    exported: dict[str, tuple[str, ...]] = field(factory=dict)
    referenced: set[str] = field(factory=set)
    packages_called: bool = False

    @property
    def id(self) -> str:
        """`//package` or `@repo//package`."""
        return (f"@{self.repo}" if self.repo else "") + "//" + self.name

    def target(self, name: str) -> Target:
        """A target by name; source files that rules mention or that are exported are targets too.

        Raises NoSuchTargetError with near names.
        """
        found = self.targets.get(name)
        if found is not None:
            return found
        path = os.path.join(self.directory, name)
        label = Label(self.repo, self.name, name)
        if name in self.exported or name in self.referenced or name == os.path.basename(self.build_file):  # noqa: PTH119
            made = Target(label, "source", visibility=self.exported.get(name, (PUBLIC,)))
            self.targets[name] = made
            return made
        hint = did_you_mean(name, [*self.targets, *self.referenced])
        message = f"no target '{name}' in {self.id}"
        if os.path.exists(path):  # noqa: PTH110
            message += "; a source file of this name exists"
            hint = f'add exports_files(["{name}"]) to {self.build_file}'
        raise NoSuchTargetError(
            message,
            label=label,
            hint=hint or f"{self.build_file} declares: {_some(sorted(t for t in self.targets)) or 'nothing'}",
        )

    def rule_targets(self) -> list[Target]:
        """The rule instances, in order of declaration."""
        return [target for target in self.targets.values() if target.kind == "rule"]


def _some(names: list[str], count: int = 8) -> str:
    return ", ".join(names[:count]) + (" …" if len(names) > count else "")


class PackageBuilder:
    """Receives what a BUILD file's evaluation declares."""

    def __init__(self, package: Package, texts: SourceTexts, rules: list[Rule], canonical: Any) -> None:
        self.package = package
        self._texts = texts
        self._rules = rules
        self._canonical = canonical

    def label(self, text: str) -> Label:
        """A label as written in this package."""
        return self._canonical(Label.parse(text, repo=self.package.repo, package=self.package.name))

    def place(self, stack: str) -> tuple[Location | None, tuple[str, ...]]:
        """The user's call that made a target, and the chain of calls above it."""
        frames = [(m[1], int(m[2]), m[3]) for m in FRAME.finditer(stack)]
        users = [frame for frame in frames if not self._texts.trusted(frame[0])] or frames
        if not users:
            return None, ()
        outer = users[0]
        chain = tuple(f"{path}:{line}" for path, line, _ in users)
        return self._texts.location(outer[0], outer[1]), chain

    def fault(self, message: str, place: Location | None, attribute: str, **more: Any) -> AttributeValueError:
        """An error at an attribute of the call that starts at `place`."""
        if place is not None:
            place = self._texts.attribute(place.path, place.line, attribute)
        return AttributeValueError(message, location=place, **more)

    def add(self, target: Target) -> None:
        """Add a target.  Raises LoadingError where the name is taken."""
        name = target.label.name
        other = self.package.targets.get(name)
        if other is not None and other.kind != "source":
            raise LoadingError(
                f"target '{name}' already exists in {self.package.id}"
                + (f", declared at {other.location}" if other.location else ""),
                location=target.location,
                hint="give one of the two another name",
            )
        self.package.targets[name] = target

    def instantiate(self, rule_id: int, name: str, text: str, stack: str) -> None:
        """A rule was called in a BUILD file or in a macro."""
        rule = self._rules[rule_id]
        place, chain = self.place(stack)
        try:
            check_target(name, name)
        except Exception as fault:
            raise LoadingError(f"{rule.name}: bad name {name!r}: {fault}", location=place) from None
        label = Label(self.package.repo, self.package.name, name)
        given: dict[str, Any] = json.loads(text)
        attributes: dict[str, Any] = {}
        for key, value in given.items():
            if not rule.takes(key):
                raise self.fault(
                    f"no attribute '{key}' in rule '{rule.name}'",
                    place,
                    key,
                    label=label,
                    hint=did_you_mean(key, rule.public_attributes())
                    or f"{rule.name} has: " + ", ".join(sorted(rule.public_attributes())),
                )
            if value is None:
                continue
            schema = rule.schema.get(key)
            attributes[key] = value if schema is None else self._checked(rule, label, key, schema, value, place)
        for key, schema in rule.schema.items():
            if schema.mandatory and key not in attributes:
                raise self.fault(
                    f"missing value for mandatory attribute '{key}' in rule '{rule.name}'", place, key, label=label
                )
        visibility = self.package.default_visibility
        if "visibility" in attributes:
            visibility = self.visibility(attributes["visibility"], place)
        if self.package.default_testonly:
            attributes.setdefault("testonly", True)
        target = Target(label, "rule", rule, attributes, place, visibility, stack=chain)
        self.add(target)
        outputs = [text for key, schema in rule.schema.items() if schema.kind in OUTPUT_KINDS
                   for text in _listed(attributes.get(key))]  # fmt: skip
        outputs += [pattern.replace("%{name}", name) for pattern in rule.outputs.values()]
        for output in outputs:
            self.add(Target(label.sibling(output), "generated", location=place, visibility=visibility, generator=label))

    def visibility(self, value: Any, place: Location | None) -> tuple[str, ...]:
        """A visibility attribute, checked and with absolute labels."""
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.fault("visibility is a list of labels", place, "visibility")
        out = []
        for text in value:
            label = self.label(text)
            if label.package == "visibility" and not label.repo and label.name not in ("public", "private"):
                raise self.fault(
                    f"bad visibility {text!r}", place, "visibility", hint="//visibility:public or //visibility:private"
                )
            out.append(str(label))
        return tuple(out)

    def _checked(
        self, rule: Rule, label: Label, key: str, schema: AttributeSchema, value: Any, place: Location | None
    ) -> Any:
        """A value of the attribute's kind, labels made absolute.  Raises AttributeValueError."""

        def wrong(expected: str, got: Any) -> AttributeValueError:
            return self.fault(
                f"attribute '{key}' of rule '{rule.name}' is {expected}, not {_kind_of(got)} {json.dumps(got)[:60]}",
                place,
                key,
                label=label,
            )

        if isinstance(value, list) and any(is_select(one) for one in value):
            if schema.kind in OUTPUT_KINDS:
                raise self.fault(f"attribute '{key}' is not configurable: no select() here", place, key, label=label)
            out: list[Any] = []
            for one in value:
                if not is_select(one):
                    plain = self._checked(rule, label, key, schema, [one], place)
                    out.extend(plain)
                    continue
                branches = []
                for condition, inner in one["select__"]:
                    known = "//conditions:default" if condition in ("//conditions:default",) else None
                    checked = None if inner is None else self._checked(rule, label, key, schema, inner, place)
                    branches.append([known or str(self.label(condition)), checked])
                out.append({"select__": branches, "error__": one["error__"]})
            return out
        kind = schema.kind
        if kind == "string":
            if not isinstance(value, str):
                raise wrong("a string", value)
        elif kind == "bool":
            if isinstance(value, bool):
                return value
            if value not in (0, 1) or not isinstance(value, int):
                raise wrong("True or False", value)
            return bool(value)
        elif kind == "int":
            if isinstance(value, bool) or not isinstance(value, int):
                raise wrong("an int", value)
            if not -(2**31) <= value < 2**31:
                raise wrong("an int of 32 bits", value)
        elif kind in ("string_list", "int_list"):
            wanted = str if kind == "string_list" else int
            if not isinstance(value, list) or not all(isinstance(x, wanted) for x in value):
                raise wrong("a list of " + ("strings" if wanted is str else "ints"), value)
        elif kind == "string_dict":
            if not isinstance(value, dict) or not all(isinstance(x, str) for x in value.values()):
                raise wrong("a dict of strings", value)
        elif kind == "string_list_dict":
            if not isinstance(value, dict) or not all(
                isinstance(x, list) and all(isinstance(y, str) for y in x) for x in value.values()
            ):
                raise wrong("a dict of lists of strings", value)
        elif kind in OUTPUT_KINDS:
            if kind == "output" and not isinstance(value, str):
                raise wrong("a file name", value)
            if kind == "output_list" and not isinstance(value, list):
                raise wrong("a list of file names", value)
            names = []
            for text in _listed(value):
                output = self.label(text)
                if (output.repo, output.package) != (self.package.repo, self.package.name):
                    raise self.fault(f"output {text!r} is not in this package", place, key, label=label)
                names.append(output.name)
            return names[0] if kind == "output" else names
        elif kind in LABEL_KINDS:
            return self._labels(kind, key, value, place, label, wrong)
        if schema.values and value not in schema.values:
            raise self.fault(
                f"attribute '{key}' of rule '{rule.name}' is one of "
                + ", ".join(repr(one) for one in schema.values)
                + f", not {value!r}",
                place,
                key,
                label=label,
                hint=did_you_mean(str(value), [str(one) for one in schema.values]),
            )
        if not schema.allow_empty and not value:
            raise self.fault(f"attribute '{key}' of rule '{rule.name}' may not be empty", place, key, label=label)
        return value

    def _labels(self, kind: str, key: str, value: Any, place: Any, owner: Label, wrong: Any) -> Any:
        def absolute(text: Any) -> str:
            if not isinstance(text, str):
                raise wrong("a label" if kind == "label" else "a list of labels", text)
            try:
                label = self.label(text)
            except LoadingError:
                raise
            except Exception as fault:
                raise self.fault(f"attribute '{key}': {fault}", place, key, label=owner) from None
            if (label.repo, label.package) == (self.package.repo, self.package.name):
                self.package.referenced.add(label.name)
            return str(label)

        if kind == "label":
            return absolute(value)
        if kind == "label_list":
            if not isinstance(value, list):
                raise wrong("a list of labels", value)
            out = [absolute(one) for one in value]
            seen: set[str] = set()
            for one in out:
                if one in seen:
                    raise self.fault(f"label {one} is twice in attribute '{key}'", place, key, label=owner)
                seen.add(one)
            return out
        if not isinstance(value, dict):
            raise wrong("a dict", value)
        if kind == "string_keyed_label_dict":
            return {name: absolute(one) for name, one in value.items()}
        return {absolute(one): text for one, text in value.items()}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _kind_of(value: Any) -> str:
    if isinstance(value, dict) and is_select(value):
        return "select()"
    return {bool: "the bool", int: "the int", str: "the string", list: "the list", dict: "the dict"}.get(
        type(value), "None"
    )
