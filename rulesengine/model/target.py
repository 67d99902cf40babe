"""Target: what a BUILD file declares, before any configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rulesengine.errors import Location
from rulesengine.model.label import Label
from rulesengine.model.macro import MacroInstance
from rulesengine.model.rule import LABEL_KINDS, Rule
from rulesengine.values import light

SELECT = "select__"
"""Marks an attribute value that is a select(): `{"select__": [[condition, value], …], "error__": text}`."""

PUBLIC = "//visibility:public"
PRIVATE = "//visibility:private"


def is_select(value: Any) -> bool:
    """Whether a plain attribute value is a marked select()."""
    return isinstance(value, dict) and SELECT in value


def branches(value: Any) -> Iterator[tuple[str | None, Any]]:
    """All values that a raw attribute value can take: (condition or None, value)."""
    if isinstance(value, list) and any(is_select(one) for one in value):
        plain: list[Any] = []
        for one in value:
            if is_select(one):
                for condition, inner in one[SELECT]:
                    if isinstance(inner, list) and any(is_select(part) for part in inner):
                        yield condition, None
                        yield from branches(inner)
                    else:
                        yield condition, inner
            else:
                plain.append(one)
        if plain:
            yield None, plain
    else:
        yield None, value


_NO_ATTRIBUTES: dict[str, Any] = {}
NO_OUTPUTS: Mapping[str, str] = {}
"""One for all targets, most of which have none."""


@light(eq=False)
class Target:
    """A rule instance, a source file, a generated file or a package group.

    kind: `rule`, `source`, `generated`, `package_group`.
    attributes: as written, plain data; labels are absolute text, select() marked (see SELECT).
    generator: for a generated file, the label of the rule that makes it.
    visibility: labels' text; the package's default already applied.
    macro: the symbolic macro that made it.
    outputs: the rule's `outputs`, where it works them out for each target.
    made_by: function and name of the outermost macro call that led to it; empty without one.
    """

    label: Label
    kind: str
    rule: Rule | None = None
    attributes: dict[str, Any] = _NO_ATTRIBUTES
    location: Location | None = None
    visibility: tuple[str, ...] = (PRIVATE,)
    generator: Label | None = None
    packages: tuple[str, ...] = ()
    includes: tuple[Label, ...] = ()
    stack: tuple[str, ...] = ()
    macro: MacroInstance | None = None
    made_by: tuple[str, str] = ("", "")
    outputs: Mapping[str, str] = NO_OUTPUTS

    @property
    def rule_name(self) -> str:
        """`cc_library rule`'s first word: the rule's name, or `source`, `generated`, `package_group`."""
        return self.rule.name if self.rule is not None else self.kind

    def generated_by(self) -> tuple[tuple[str, str], ...]:
        """The attributes `generator_function`, `generator_name` and `generator_location`."""
        place = "" if self.location is None else f"{self.location.path}:{self.location.line}:{self.location.column}"
        return (
            ("generator_function", self.made_by[0]),
            ("generator_name", self.made_by[1]),
            ("generator_location", place),
        )

    @property
    def belongs_to(self) -> tuple[str, str]:
        """Repository and package whose targets see this one, whatever its visibility: those of the macro that made
        it, else its own."""
        return self.macro.macro.defined_in if self.macro is not None else (self.label.repo, self.label.package)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags attribute."""
        return tuple(self.attributes.get("tags") or ())

    @property
    def testonly(self) -> bool:
        """Whether only tests and testonly targets may depend on it."""
        given = self.attributes.get("testonly")
        if given is not None or self.rule is None:
            return bool(given)
        return self.rule.test or self.rule.name == "test_suite"

    def labels(self, attribute: str | None = None, *, implicit: bool = True) -> Iterator[tuple[str, Label]]:
        """(attribute, label) of every label in label attributes, whatever select() branch holds it,
        and of select()'s conditions (attribute `select`)."""
        if self.rule is None:
            if self.generator is not None and attribute is None:
                yield "generator", self.generator
            return
        for name, schema in self.rule.schema.items():
            if attribute is not None and name != attribute:
                continue
            if name.startswith("_") and not implicit:
                continue
            value = self.attributes.get(name)
            if value is None:
                value = schema.default
            for condition, inner in branches(value):
                if condition is not None and attribute is None and condition != "//conditions:default":
                    yield "select", Label.parse(condition)
                if schema.kind in LABEL_KINDS:
                    yield from ((name, label) for label in labels_of(schema.kind, inner))


def labels_of(kind: str, value: Any) -> Iterator[Label]:
    """The labels in a plain value of a label kind."""
    if value is None:
        return
    texts: list[str]
    if kind == "label":
        texts = [value] if isinstance(value, str) else []
    elif kind == "string_keyed_label_dict":
        texts = list(value.values())
    else:
        texts = list(value)
    for text in texts:
        yield Label.parse(text)
