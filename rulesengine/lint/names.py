"""The names that a file finds defined: Starlark's own, ours (read off the preambles), and Bazel's that we lack."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import lru_cache

from rulesengine.loading import preamble

UNIVERSAL = frozenset(
    {
        "False", "None", "True", "abs", "all", "any", "bool", "bytes", "dict", "dir", "enumerate", "fail", "float",
        "getattr", "hasattr", "hash", "int", "len", "list", "load", "max", "min", "print", "range", "repr",
        "reversed", "set", "sorted", "str", "tuple", "type", "zip",
    }
)  # fmt: skip
"""Starlark's own, in every file."""
BAZEL_BZL = frozenset(
    {
        "AnalysisFailureInfo", "AnalysisTestResultInfo", "CcInfo", "CcSharedLibraryInfo", "CcToolchainConfigInfo",
        "ConstraintCollectionInfo", "CoverageInfo", "DebugPackageInfo", "ExecutionInfo", "FeatureFlagInfo",
        "FilesToRunProvider", "GeneratedExtensionRegistryInfo", "JavaInfo", "JavaPluginInfo", "JavaRuntimeInfo",
        "JavaToolchainInfo", "PackageSpecificationInfo", "PlatformInfo", "ProguardSpecProvider", "ProtoInfo",
        "ProtoToolchainInfo", "PyInfo", "PyRuntimeInfo", "TemplateVariableInfo", "ToolchainInfo",
        "analysis_test_transition", "apple_common", "aspect", "cc_common", "cc_proto_aspect", "config",
        "config_common", "configuration_field", "coverage_common", "exec_group", "exec_transition", "java_common",
        "json", "macro", "module_extension", "native", "proto", "proto_common", "py_internal", "repository_rule",
        "struct", "subrule", "tag_class", "testing", "transition", "visibility",
    }
)  # fmt: skip
"""Bazel's names for .bzl files, whether or not the engine has them: a file that names them is not wrong."""
BAZEL_BUILD = frozenset(
    {
        "Label", "action_listener", "alias", "cc_binary", "cc_import", "cc_library", "cc_proto_library",
        "cc_shared_library", "cc_static_library", "cc_test", "cc_toolchain", "cc_toolchain_suite",
        "config_feature_flag", "config_setting", "constraint_setting", "constraint_value", "depset", "distribs",
        "environment", "environment_extension", "environment_group", "existing_rule", "existing_rules",
        "exports_files", "extra_action", "fdo_prefetch_hints", "fdo_profile", "filegroup", "genquery", "genrule",
        "glob", "java_binary", "java_import", "java_library", "java_lite_proto_library", "java_package_configuration",
        "java_plugin", "java_proto_library", "java_runtime", "java_test", "java_toolchain", "label_flag",
        "label_setting", "licenses", "memprof_profile", "module_name", "module_version", "objc_import",
        "objc_library", "package", "package_group", "package_metadata", "package_name", "package_relative_label",
        "platform", "propeller_optimize", "proto_lang_toolchain", "proto_library", "py_binary", "py_library",
        "py_runtime", "py_test", "repo_name", "repository_name", "select", "sh_binary", "sh_library", "sh_test",
        "starlark_doc_extract", "subpackages", "test_suite", "toolchain", "toolchain_type", "workspace",
        "xcode_config", "xcode_version",
    }
)  # fmt: skip
"""Bazel's names for BUILD files."""
MODULE = frozenset(
    {
        "archive_override", "bazel_dep", "flag_alias", "git_override", "include", "inject_repo",
        "local_path_override", "module", "multiple_version_override", "override_repo", "register_execution_platforms",
        "register_toolchains", "single_version_override", "use_extension", "use_repo", "use_repo_rule",
    }
)  # fmt: skip


@lru_cache(maxsize=2)
def _bzl() -> frozenset[str]:
    return UNIVERSAL | BAZEL_BZL | _bound(preamble.for_bzl("", "", "", True, "", None))


def defined(kind: str, native_rules: Iterable[str] = ()) -> frozenset[str]:
    """The names that a file of a kind need not define."""
    if kind == "module":
        return UNIVERSAL | MODULE
    if kind == "bzl":
        return _bzl()
    return UNIVERSAL | BAZEL_BUILD | _bound(preamble.for_build(native_rules, None))


def _bound(text: str) -> frozenset[str]:
    """What a preamble binds; names of its own end in two underscores."""
    out: set[str] = set()
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.FunctionDef):
            out.add(statement.name)
        elif isinstance(statement, ast.Assign):
            out.update(one.id for one in statement.targets if isinstance(one, ast.Name))
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            call = statement.value
            out.update(str(one.value) for one in call.args[1:] if isinstance(one, ast.Constant))
            out.update(one.arg for one in call.keywords if one.arg)
    return frozenset(name for name in out if not name.endswith("__"))
