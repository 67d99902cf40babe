"""The native rules of Bazel 7 that are for one language, or that nothing here can run.

BUILD files may call them: their targets exist, with their attributes, and queries see them; what needs one built fails
then, and not before.  Their attributes are those that Bazel 7.7.1 tells (`bazel info build-language`).
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any

from rulesengine.errors import AnalysisError
from rulesengine.model.label import Label
from rulesengine.model.rule import LABEL_KINDS, AttributeSchema, Rule
from rulesengine.model.target import Target

LANGUAGES = str(Label("rulesengine", "native", "languages.bzl"))
"""What stands for the .bzl file of these rules, which there is not."""
NAMES = (
    "aar_import", "action_listener", "android_binary", "android_device", "android_device_script_fixture",
    "android_host_service_fixture", "android_instrumentation_test", "android_library", "android_local_test",
    "android_sdk", "android_tools_defaults_jar", "apple_cc_toolchain", "available_xcodes", "cc_binary", "cc_import",
    "cc_libc_top_alias", "cc_library", "cc_proto_library", "cc_shared_library", "cc_static_library", "cc_test",
    "cc_toolchain", "cc_toolchain_alias", "cc_toolchain_suite", "config_feature_flag", "environment", "extra_action",
    "fdo_prefetch_hints", "fdo_profile", "genquery", "j2objc_library", "java_binary", "java_import", "java_library",
    "java_lite_proto_library", "java_package_configuration", "java_plugin", "java_plugins_flag_alias",
    "java_proto_library", "java_runtime", "java_test", "java_toolchain", "memprof_profile", "objc_import",
    "objc_library", "propeller_optimize", "proto_lang_toolchain", "proto_library", "py_binary", "py_library",
    "py_runtime", "py_test", "starlark_doc_extract", "xcode_config", "xcode_config_alias", "xcode_version",
)  # fmt: skip
"""The names that BUILD files find, and `native` has."""
_MACROS = frozenset(("cc_test", "java_binary", "java_test", "py_binary", "py_library", "py_test"))
"""Those that are macros in Bazel, which its generator_function and the like tell."""
_PARTS = {"java_binary": ("deploy_jars", "_deployjars_internal_rule")}
"""Rules of which a target brings another one: its rule, and what its name ends in."""


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "languages.json"), "rb") as stream:
        text = stream.read()
    return dict(json.loads(text))


def rule_of(name: str) -> Rule:
    """The rule of this name."""
    said = _table()[name]
    return Rule(
        said.get("kind", name),
        LANGUAGES,
        -1,
        {key: _schema(of) for key, of in said["attributes"].items()},
        executable=said.get("executable", False),
        test=said.get("test", False),
        outputs={str(number): pattern for number, pattern in enumerate(said.get("outputs", ()))},
    )


def _schema(said: str | list[Any]) -> AttributeSchema:
    """`!` is a mandatory attribute, `=` one without select(); a list holds the default as well."""
    text, default = (said, None) if isinstance(said, str) else said
    kind = text.lstrip("!=")
    three = kind == "tristate"
    kind = "int" if three else kind
    return AttributeSchema(
        kind,
        -1 if three and default is None else default,
        mandatory="!" in text,
        values=(-1, 0, 1) if three else (),
        allow_files=True if kind in LABEL_KINDS else None,
        configurable="=" not in text,
    )


def part_of(name: str) -> tuple[str, str] | None:
    """The rule of the target that a target of rule `name` brings, and what its name ends in."""
    return _PARTS.get(name)


def made_by(rule: str, name: str) -> tuple[str, str]:
    """Which macro of Bazel's makes a target of a rule, and how it was called for it; empty texts without one."""
    for macro, (part, suffix) in _PARTS.items():
        if rule == part:
            return macro, name.removesuffix(suffix)
    return (rule, name) if rule in _MACROS else ("", "")


def cannot_build(target: Target) -> AnalysisError:
    """Why a target of such a rule is not built, and what to do."""
    assert target.rule is not None
    name = target.rule.name
    language = _table().get(name.lstrip("_"), {}).get("for", "")
    whose = f"Bazel's own, for {language}" if language else "Bazel's own"
    return AnalysisError(
        f"{target.label} cannot be built here: its rule {name} is {whose}, and not one of pybuild's",
        label=str(target.label),
        location=target.location,
        hint="make its files with a genrule or a rule of your own, or name files that are built already in a filegroup;"
        f" or leave it out: -- … -{target.label}",
    )
