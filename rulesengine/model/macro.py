"""Symbolic macros, as a .bzl file declares them, and the instances a BUILD file makes."""

from __future__ import annotations

from collections.abc import Iterator

from rulesengine.model.label import Label
from rulesengine.model.rule import COMMON_ATTRIBUTES, AttributeSchema
from rulesengine.values import define, field, frozen

RESERVED = frozenset({"name", "visibility"})
"""What every macro has, so that `attrs` cannot define it."""
COMMON_SCHEMA: dict[str, AttributeSchema] = {
    name: AttributeSchema(kind, configurable=configurable)
    for name, (kind, configurable) in {
        "aspect_hints": ("label_list", True),
        "compatible_with": ("label_list", False),
        "deprecation": ("string", False),
        "exec_compatible_with": ("label_list", False),
        "exec_group_compatible_with": ("string_list_dict", False),
        "exec_properties": ("string_dict", True),
        "expect_failure": ("string", False),
        "features": ("string_list", True),
        "package_metadata": ("label_list", False),
        "restricted_to": ("label_list", False),
        "tags": ("string_list", False),
        "target_compatible_with": ("label_list", True),
        "testonly": ("bool", False),
        "toolchains": ("label_list", False),
        "transitive_configs": ("string_list", False),
    }.items()
}
"""The attributes that `inherit_attrs = "common"` stands for."""
RUN_SCHEMA = {
    "args": AttributeSchema("string_list"),
    "output_licenses": AttributeSchema("string_list", configurable=False),
}
"""What executable rules have besides."""
TEST_SCHEMA = {
    "flaky": AttributeSchema("bool", configurable=False),
    "local": AttributeSchema("bool", configurable=False),
    "shard_count": AttributeSchema("int"),
    "size": AttributeSchema("string", configurable=False),
    "timeout": AttributeSchema("string", configurable=False),
}
"""What test rules have besides."""
assert COMMON_ATTRIBUTES.issuperset(COMMON_SCHEMA)


@define(eq=False)
class Macro:
    """What `macro()` returns.  module: the .bzl file (as a label's text) that holds its implementation at `index`."""

    name: str
    module: str
    index: int
    schema: dict[str, AttributeSchema] = field(factory=dict)
    doc: str = ""
    finalizer: bool = False

    @property
    def defined_in(self) -> tuple[str, str]:
        """The repository and package of its .bzl file: where what it makes belongs to, for visibility."""
        label = Label.parse(self.module)
        return label.repo, label.package

    def public_attributes(self) -> list[str]:
        """The names a BUILD file may set."""
        return ["name", "visibility", *(name for name in self.schema if not name.startswith("_"))]

    def takes(self, name: str) -> bool:
        """Whether a caller may set this attribute."""
        return name == "visibility" or (name in self.schema and not name.startswith("_"))


@frozen(eq=False)
class MacroInstance:
    """One call of a macro.

    labels: the labels that its caller gave it, which it may use with its caller's rights.
    parent: the macro that called this one.
    """

    macro: Macro
    name: str
    labels: frozenset[str] = frozenset()
    parent: MacroInstance | None = None

    def owns(self, name: str) -> bool:
        """Whether a target or macro of this name may be made by it: its own name, or that and `_`, `-` or `.`."""
        if name == self.name:
            return True
        return name.startswith(self.name) and name[len(self.name)] in "_-." and len(name) > len(self.name) + 1

    def callers(self) -> Iterator[MacroInstance]:
        """This one and those around it, innermost first."""
        current: MacroInstance | None = self
        while current is not None:
            yield current
            current = current.parent

    @property
    def in_finalizer(self) -> bool:
        """Whether it is a finalizer or was called by one."""
        return any(one.macro.finalizer for one in self.callers())


NAMING_RULES = "a name is the macro's own, or that followed by '_' (best), '-' or '.' and more"
"""What targets and macros inside of a macro may be called."""
