"""Rule and attribute schemas, as a .bzl file declares them."""

from __future__ import annotations

import re
import weakref
from collections.abc import Mapping
from typing import Any

from rulesengine.values import field, frozen

LABEL_KINDS = frozenset({"label", "label_list", "label_keyed_string_dict", "string_keyed_label_dict"})
OUTPUT_KINDS = frozenset({"output", "output_list"})

_PLACEHOLDER = re.compile(r"%\{(\w+)\}")

EMPTY_VALUES: dict[str, Any] = {
    "bool": False,
    "int": 0,
    "int_list": [],
    "label": None,
    "label_keyed_string_dict": {},
    "label_list": [],
    "output": None,
    "output_list": [],
    "string": "",
    "string_dict": {},
    "string_keyed_label_dict": {},
    "string_list": [],
    "string_list_dict": {},
}
"""What an attribute is that was neither given nor has a default."""

COMMON_ATTRIBUTES = frozenset(
    {
        "applicable_licenses", "compatible_with", "deprecation", "distribs", "exec_compatible_with",
        "exec_properties", "features", "generator_function", "generator_location", "generator_name", "licenses",
        "package_metadata", "restricted_to", "tags", "target_compatible_with", "testonly", "toolchains",
        "transitive_configs", "visibility", "expect_failure", "exec_group_compatible_with", "aspect_hints",
    }
)  # fmt: skip
"""Attributes that every rule has (Bazel's "common attributes")."""
RUN_ATTRIBUTES = frozenset({"args", "env", "env_inherit", "output_licenses"})
TEST_ATTRIBUTES = frozenset({"flaky", "local", "shard_count", "size", "timeout"})


@frozen
class AttributeSchema:
    """One attribute of a rule: kind as in `attr.KIND`, and what it takes.

    allow_files: None or False: rule targets only; True: any file; a list: these extensions.
    cfg: `target`, `exec` or `transition`.  exec_group: whose execution platform `exec` means; empty: the rule's own.
    providers: names of providers, alternatives of which one must be there whole.
    configurable: whether a select() may be given.
    aspects: numbers of the aspects that are applied to its targets (the loader's registry holds them).
    """

    kind: str
    default: Any = None
    mandatory: bool = False
    values: tuple[Any, ...] = ()
    allow_files: bool | tuple[str, ...] | None = None
    single: bool = False
    allow_empty: bool = True
    executable: bool = False
    cfg: str = "target"
    doc: str = ""
    providers: tuple[tuple[str, ...], ...] = ()
    configurable: bool = True
    aspects: tuple[int, ...] = ()
    exec_group: str = ""


_DEFAULT_LABELS: weakref.WeakKeyDictionary[Rule, tuple[tuple[str, str], ...]] = weakref.WeakKeyDictionary()


def _texts(kind: str, value: Any) -> list[str]:
    if kind == "label":
        return [value] if isinstance(value, str) else []
    return [one for one in (value.values() if kind == "string_keyed_label_dict" else value) if isinstance(one, str)]


@frozen
class ExecGroup:
    """What the actions of a rule, or of one of its execution groups, ask for.

    toolchains: (label of a toolchain type, whether it must be there), as the .bzl file means them.
    exec_compatible_with: labels of constraint values that the execution platform must have.
    """

    toolchains: tuple[tuple[str, bool], ...] = ()
    exec_compatible_with: tuple[str, ...] = ()


@frozen(eq=False)
class Rule:
    """A rule class.  module: the .bzl file (as a label's text) that holds its implementation at `index`.

    provides: numbers of the providers that it advertises.
    exec_groups: by name, the rule's own under the empty one; empty where the rule asks for nothing.
    build_setting: the kind of its value, if it is a setting.
    build_setting_flag: whether the command line may set it.
    build_setting_repeated: whether each use on the command line adds a value.
    functions: whether a call of it works out defaults or names of outputs (`computed__`, `outputs__`).
    in_build: whether a BUILD file made it, for one test (`testing.analysis_test()`): `module` is that file, which is
    evaluated again when the rule's functions are needed.  settings: what the transitions of its attributes set, where
    that is known.
    """

    name: str
    module: str
    index: int
    schema: dict[str, AttributeSchema] = field(factory=dict)
    doc: str = ""
    executable: bool = False
    test: bool = False
    cfg: str = "target"
    outputs: dict[str, str] = field(factory=dict)
    build_setting: str = ""
    provides: tuple[int, ...] = ()
    exec_groups: dict[str, ExecGroup] = field(factory=dict)
    build_setting_flag: bool = False
    build_setting_repeated: bool = False
    functions: bool = False
    in_build: bool = False
    settings: Mapping[str, dict[str, Any]] = field(factory=dict)

    @property
    def default_labels(self) -> tuple[tuple[str, str], ...]:
        """(attribute, label) of every default of a label attribute."""
        known = _DEFAULT_LABELS.get(self)
        if known is None:
            known = _DEFAULT_LABELS[self] = tuple(
                (key, text)
                for key, schema in self.schema.items()
                if schema.kind in LABEL_KINDS and schema.default
                for text in _texts(schema.kind, schema.default)
            )
        return known

    def public_attributes(self) -> list[str]:
        """The names a BUILD file may set, common ones left out."""
        return ["name", *(name for name in self.schema if not name.startswith("_"))]

    def output_names(
        self, name: str, values: Mapping[str, Any], patterns: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The files of `outputs`, for a target of this name: `%{attribute}` stands for a text attribute's value, or for
        the name of the target that an attribute of kind `label` names.

        patterns: in the place of the rule's, where the rule works them out for each target.
        """

        def value(match: re.Match[str]) -> str:
            key = match[1]
            if key in ("name", "basename"):
                return name if key == "name" else name.rpartition("/")[2]
            if key == "dirname":
                return name.rpartition("/")[0] + ("/" if "/" in name else "")
            schema = self.schema.get(key)
            found = values.get(key)
            if found is None and schema is not None:
                found = schema.default
            if found is None or not isinstance(found, str):
                return match[0]
            return found.rpartition(":")[2] if schema is not None and schema.kind == "label" else found

        return {key: _PLACEHOLDER.sub(value, pattern) for key, pattern in (patterns or self.outputs).items()}

    def takes(self, name: str) -> bool:
        """Whether a BUILD file may set this attribute."""
        if name in self.schema:
            return not name.startswith("_")
        return (
            name in COMMON_ATTRIBUTES
            or (name in RUN_ATTRIBUTES and self.executable)
            or (name in TEST_ATTRIBUTES and self.test)
        )
