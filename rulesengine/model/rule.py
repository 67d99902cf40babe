"""Rule and attribute schemas, as a .bzl file declares them."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

LABEL_KINDS = frozenset({"label", "label_list", "label_keyed_string_dict", "string_keyed_label_dict"})
OUTPUT_KINDS = frozenset({"output", "output_list"})

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
    cfg: `target`, `exec` or `transition`.
    providers: names of providers, alternatives of which one must be there whole.
    """

    kind: str
    default: Any = None
    computed: bool = False
    mandatory: bool = False
    values: tuple[Any, ...] = ()
    allow_files: bool | tuple[str, ...] | None = None
    single: bool = False
    allow_empty: bool = True
    executable: bool = False
    cfg: str = "target"
    doc: str = ""
    providers: tuple[tuple[str, ...], ...] = ()


@frozen(eq=False)
class Rule:
    """A rule class.  module: the .bzl file (as a label's text) that holds its implementation at `index`."""

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

    def public_attributes(self) -> list[str]:
        """The names a BUILD file may set, common ones left out."""
        return ["name", *(name for name in self.schema if not name.startswith("_"))]

    def takes(self, name: str) -> bool:
        """Whether a BUILD file may set this attribute."""
        if name in self.schema:
            return not name.startswith("_")
        return (
            name in COMMON_ATTRIBUTES
            or (name in RUN_ATTRIBUTES and self.executable)
            or (name in TEST_ATTRIBUTES and self.test)
        )
