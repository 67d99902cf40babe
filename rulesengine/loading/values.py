"""Attribute values as a BUILD file gives them: checked against the schema, labels made absolute."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

from rulesengine.errors import AttributeValueError, Location, RulesEngineError, did_you_mean
from rulesengine.loading.texts import SourceTexts
from rulesengine.model.label import Label
from rulesengine.model.macro import Macro
from rulesengine.model.rule import LABEL_KINDS, OUTPUT_KINDS, AttributeSchema, Rule
from rulesengine.model.target import SELECT, is_select
from rulesengine.values import frozen

DEFAULT_CONDITION = "//conditions:default"
_NOT_CONFIGURABLE = OUTPUT_KINDS
_EXPECTED = {
    "label": "a label",
    "label_list": "a list of labels",
    "label_keyed_string_dict": "a dict of labels to strings",
    "string_keyed_label_dict": "a dict of strings to labels",
    "output": "a file name",
    "output_list": "a list of file names",
}


@frozen
class AttributeCheck:
    """One attribute of one rule call.

    noun: what `rule` is, in messages.
    resolve: a label as written in the package; mention: told every label of the value.
    """

    rule: Rule | Macro
    owner: Label
    name: str
    schema: AttributeSchema
    place: Location | None
    texts: SourceTexts
    resolve: Callable[[str], Label]
    mention: Callable[[Label], None]
    noun: str = "rule"

    def value(self, raw: Any) -> Any:
        """The value, select() included.  Raises AttributeValueError."""
        if not (isinstance(raw, list) and any(is_select(one) for one in raw)):
            return self._plain(raw)
        if self.schema.kind in _NOT_CONFIGURABLE or not self.schema.configurable:
            self.fail(f"attribute '{self.name}' is not configurable: no select() here")
        out: list[Any] = []
        run: list[Any] = []
        for one in raw:
            if is_select(one):
                if run:
                    out.extend(self._plain(run))
                    run = []
                out.append(self._select(one))
            else:
                run.append(one)
        if run:
            out.extend(self._plain(run))
        return out

    def _select(self, select: dict[str, Any]) -> dict[str, Any]:
        branches = []
        for condition, inner in select[SELECT]:
            absolute = condition if condition == DEFAULT_CONDITION else str(self._label(condition))
            branches.append([absolute, None if inner is None else self.value(inner)])
        return {SELECT: branches, "error__": select["error__"]}

    def fail(self, message: str, hint: str | None = None) -> NoReturn:
        """Raise AttributeValueError at the attribute in the user's file."""
        place = self.place
        if place is not None:
            place = self.texts.attribute(place, self.name)
        raise AttributeValueError(message, location=place, label=self.owner, hint=hint)

    def _wrong(self, expected: str, got: Any, *, inside: bool = False) -> NoReturn:
        """Raise: the value, or something inside of it, is not what the kind takes."""
        shown = "" if got is None or is_select(got) else json.dumps(got, ensure_ascii=False)
        shown = shown if len(shown) <= 60 else shown[:57] + "…"
        self.fail(
            f"expected {expected} for attribute '{self.name}' of {self.noun} '{self.rule.name}', but "
            + ("it holds " if inside else "got ")
            + (f"{shown} ({_type(got)})" if shown else _type(got))
        )

    def _label(self, text: Any) -> Label:
        if not isinstance(text, str):
            self._wrong(_EXPECTED.get(self.schema.kind, "a label"), text, inside=self.schema.kind != "label")
        try:
            return self.resolve(text)
        except RulesEngineError as fault:
            self.fail(f"attribute '{self.name}': {fault.message}", fault.hint)

    # ---- kinds ------------------------------------------------------------------

    def _plain(self, value: Any) -> Any:
        kind = self.schema.kind
        if kind in OUTPUT_KINDS:
            return self._outputs(value)
        if kind in LABEL_KINDS:
            value = self._labels(value)
        else:
            value = self._scalar(kind, value)
        values = self.schema.values
        if values and value not in values:
            self.fail(
                f"attribute '{self.name}' of {self.noun} '{self.rule.name}' is one of "
                + ", ".join(repr(one) for one in values)
                + f", not {value!r}",
                did_you_mean(str(value), [str(one) for one in values]),
            )
        if not self.schema.allow_empty and not value:
            self.fail(f"attribute '{self.name}' of {self.noun} '{self.rule.name}' may not be empty")
        return value

    def _scalar(self, kind: str, value: Any) -> Any:
        if kind == "string":
            if not isinstance(value, str):
                self._wrong("a string", value)
        elif kind == "bool":
            if not isinstance(value, (bool, int)) or value not in (0, 1):
                self._wrong("True or False", value)
            return bool(value)
        elif kind == "int":
            self._int(value, "an int")
        elif kind == "string_list":
            self._all(value, list, "a list of strings")
            for one in value:
                if not isinstance(one, str):
                    self._wrong("a list of strings", one, inside=True)
        elif kind == "int_list":
            self._all(value, list, "a list of ints")
            for one in value:
                self._int(one, "a list of ints", inside=True)
        elif kind == "string_dict":
            self._all(value, dict, "a dict of strings")
            for one in value.values():
                if not isinstance(one, str):
                    self._wrong("a dict of strings", one, inside=True)
        elif kind == "string_list_dict":
            self._all(value, dict, "a dict of lists of strings")
            for one in value.values():
                if not isinstance(one, list) or not all(isinstance(text, str) for text in one):
                    self._wrong("a dict of lists of strings", one, inside=True)
        return value

    def _all(self, value: Any, wanted: type, expected: str) -> None:
        if not isinstance(value, wanted) or is_select(value):
            self._wrong(expected, value)

    def _int(self, value: Any, expected: str, *, inside: bool = False) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            self._wrong(expected, value, inside=inside)
        if not -(2**31) <= value < 2**31:
            self.fail(f"attribute '{self.name}' of {self.noun} '{self.rule.name}': {value} does not fit into 32 bits")

    def _outputs(self, value: Any) -> Any:
        one = self.schema.kind == "output"
        if one and not isinstance(value, str):
            self._wrong("a file name", value)
        if not one and not isinstance(value, list):
            self._wrong("a list of file names", value)
        names = []
        for text in [value] if one else value:
            label = self._label(text)
            if (label.repo, label.package) != (self.owner.repo, self.owner.package):
                self.fail(f"attribute '{self.name}': output {text!r} is not in this package")
            if label.name in names:
                self.fail(f"attribute '{self.name}': output {text!r} is given twice")
            names.append(label.name)
        if not one and not names and not self.schema.allow_empty:
            self.fail(f"attribute '{self.name}' of {self.noun} '{self.rule.name}' may not be empty")
        return names[0] if one else names

    def _labels(self, value: Any) -> Any:
        kind = self.schema.kind
        if kind == "label":
            return self._absolute(value)
        if kind == "label_list":
            if not isinstance(value, list):
                self._wrong("a list of labels", value)
            return self._unique([self._absolute(one) for one in value])
        if not isinstance(value, dict) or is_select(value):
            self._wrong(_EXPECTED[kind], value)
        if kind == "string_keyed_label_dict":
            return {name: self._absolute(one) for name, one in value.items()}
        for text in value.values():
            if not isinstance(text, str):
                self._wrong(_EXPECTED[kind], text, inside=True)
        labels = self._unique([self._absolute(one) for one in value])
        return dict(zip(labels, value.values(), strict=True))

    def _unique(self, labels: list[str]) -> list[str]:
        seen: set[str] = set()
        for one in labels:
            if one in seen:
                self.fail(f"label {one} is twice in attribute '{self.name}'", "take one of the two away")
            seen.add(one)
        return labels

    def _absolute(self, text: Any) -> str:
        label = self._label(text)
        self.mention(label)
        return str(label)


def _type(value: Any) -> str:
    if is_select(value):
        return "select()"
    return {bool: "bool", int: "int", float: "float", str: "string", list: "list", dict: "dict"}.get(
        type(value), "None"
    )
