"""Every line of the rule language has a case: each name below stands in the files of at least one."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest

from tests.conformance.corpus import CASES

_ATTRIBUTES = (
    "bool", "int", "int_list", "label", "label_keyed_string_dict", "label_list", "output", "output_list", "string",
    "string_dict", "string_keyed_label_dict", "string_list", "string_list_dict",
)  # fmt: skip
FEATURES = {
    **{f"attr.{kind}": rf"attr\.{kind}\(" for kind in _ATTRIBUTES},
    "mandatory": r"mandatory = True",
    "default": r"default = ",
    "computed defaults": r"default = _\w+",
    "values": r"values = \[",
    "allow_files": r"allow_files = (True|\[)",
    "allow_single_file": r"allow_single_file = ",
    "allow_empty": r"allow_empty = False",
    "providers": r"providers = \[",
    "executable": r"executable = True,\s+cfg|cfg = \"exec\",\s+executable|executable = True",
    "cfg = exec": r'cfg = "exec"',
    "cfg = target": r'cfg = "target"',
    "cfg = transition": r"cfg = (_?\w+)",
    "private attributes": r'"_\w+": attr',
    "rule(toolchains)": r"toolchains = \[",
    "provides": r"provides = \[",
    "rule(executable)": r"rule\([^)]*executable = True",
    "rule(test)": r"test = True",
    "rule(outputs)": r"outputs = \{",
    "provider(init)": r"init = ",
    "depset orders": r'order = "topological"',
    "aspect": r"\baspect\(",
    "attr_aspects": r"attr_aspects = ",
    "required providers": r"required_(aspect_)?providers = ",
    "aspects on attributes": r"aspects = \[",
    "aspects on the command line": r"--aspects",
    "user transitions": r"\btransition\(",
    "split transitions": r"split_attr",
    "config_setting": r"config_setting\(",
    "config_setting(values)": r"\bvalues = \{",
    "define_values": r"define_values",
    "flag_values": r"flag_values",
    "constraint_values": r"constraint_values",
    "constraint_setting": r"constraint_setting\(",
    "constraint_value": r"constraint_value\(",
    "platform": r"\bplatform\(",
    "select": r"\bselect\(",
    "string_flag": r"string_flag\(|config\.string\(",
    "bool_flag": r"bool_flag\(|config\.bool\(",
    "int_flag": r"int_flag\(|config\.int\(",
    "string_list_flag": r"string_list_flag\(|config\.string_list\(",
    "--//flag=value": r"--//",
    "--define": r"--define",
    "toolchain registration": r"register_toolchains\(",
    "alias": r"\balias\(",
    "filegroup": r"\bfilegroup\(",
    "genrule": r"\bgenrule\(",
    **{f"$({name})": rf"\$\({name} " for name in ("location", "locations", "execpath", "rootpath")},
    "$@": r"\$@",
    "$<": r"\$<",
    "$^": r"\$\^",
    "$(SRCS)": r"\$\(SRCS\)",
    "$(OUTS)": r"\$\(OUTS\)",
    "$(@D)": r"\$\(@D\)",
    "$(RULEDIR)": r"\$\(RULEDIR\)",
    "make variables": r"TemplateVariableInfo|\$\(BINDIR\)",
    "$$": r"\$\$",
    "test_suite": r"test_suite\(",
    "sh_library": r"sh_library\(",
    "sh_binary": r"sh_binary\(",
    "sh_test": r"sh_test\(",
    **{
        f"ctx.actions.{name}": rf"actions\.{name}\("
        for name in (
            "run", "run_shell", "write", "expand_template", "symlink", "declare_file", "declare_directory",
            "declare_symlink", "do_nothing", "args",
        )
    },
    "map_each": r"map_each = ",
    "format_each": r"format_each = ",
    "join_with": r"join_with = ",
    "param files": r"use_param_file\(",
    "ctx.runfiles": r"ctx\.runfiles\(",
    "runfiles merging": r"\.merge(_all)?\(",
    "ctx.expand_location": r"ctx\.expand_location\(",
    "ctx.var": r"ctx\.var\b",
    "ctx.outputs": r"ctx\.outputs\.",
    "ctx.executable": r"ctx\.executable\.",
    "ctx.split_attr": r"ctx\.split_attr",
    "ctx.bin_dir": r"ctx\.bin_dir",
    "stamping": r"ctx\.(info_file|version_file)",
    "OutputGroupInfo": r"OutputGroupInfo",
    "RunEnvironmentInfo": r"RunEnvironmentInfo",
    "native.existing_rule": r"existing_rule\(",
    "native.existing_rules": r"existing_rules\(",
    "package_group": r"package_group\(",
    "visibility public": r"//visibility:public",
    "visibility private": r"//visibility:private",
    "visibility of packages": r":__pkg__",
    "visibility of subpackages": r":__subpackages__",
    "exports_files": r"exports_files\(",
    "ignored attributes": r"deprecation = |licenses = |distribs = ",
    "symbolic macros": r"\bmacro\(",
    "json": r"json\.(en|de)code",
    "set()": r"\bset\(",
    "f(*a, b = 1)": r"\(\*\w+, \w+ = ",
    "a target's label": r"\.label\b",
    "a target's files": r"\.files\b",
    **{
        f"@bazel_skylib//lib:{name}": rf"@bazel_skylib//lib:{name}\.bzl"
        for name in (
            "dicts", "paths", "sets", "new_sets", "shell", "structs", "types", "versions", "unittest", "selects",
            "partial", "collections",
        )
    },
    **{
        f"@bazel_skylib//rules:{name}": rf"@bazel_skylib//rules:{name}\.bzl"
        for name in (
            "write_file", "copy_file", "copy_directory", "diff_test", "native_binary", "common_settings", "build_test",
            "expand_template", "run_binary", "select_file",
        )
    },
    "@platforms//os": r"@platforms//os",
    "@platforms//cpu": r"@platforms//cpu",
    "query": r"^query = ",
    "cquery": r"^cquery = ",
    "aquery": r"^aquery = ",
    "stale outputs": r"\[step\.write\]|write = \{",
}  # fmt: skip


@lru_cache
def _texts() -> dict[str, str]:
    out = {}
    for case in sorted(CASES.iterdir()):
        if (case / "case.toml").exists():
            files = (one for one in sorted(case.rglob("*")) if one.is_file() and one.name != "expected.json")
            out[case.name] = "\n".join(one.read_text(errors="replace") for one in files)
    return out


def test_there_are_enough_cases() -> None:
    assert len(_texts()) >= 60


@pytest.mark.parametrize("feature", FEATURES)
def test_a_case_has_it(feature: str) -> None:
    wanted = re.compile(FEATURES[feature], re.MULTILINE)
    assert any(wanted.search(text) for text in _texts().values()), f"no case has {feature}"
