"""Preambles: what a BUILD or .bzl file finds defined, evaluated in its module before it.

A preamble is an AST of its own, so that the file's line numbers do not shift and the file may
shadow what the preamble defines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from keyword import iskeyword

from rulesengine.loading import languages

_REWRITTEN = (
    "dot__", "provider__", "mod__", "format__", "expanding__", "names__", "add__", "or__", "big__",
    "iadd__", "mul__", "taken__", "times__", "sub__", "band__", "xor__", "change__", "change_item__", "ordered__",
    "filled__", "empty__", "and__", "each__",
)  # fmt: skip
"""What `rewrite` puts into files."""
_BZL_NAMES = (
    "attr", "config", "config_common", "configuration_field", "depset", "exec_group", "op", "platform_common", "select",
    "set", "subrule", "transition", "analysis_test_transition", "AnalysisFailureInfo", "AnalysisTestResultInfo",
    "DefaultInfo", "InstrumentedFilesInfo", "OutputGroupInfo", "RunEnvironmentInfo",
)  # fmt: skip
_ELSEWHERE = (
    "repository_rule", "module_extension", "tag_class", "apple_common", "cc_common", "coverage_common", "java_common",
    "proto_common_do_not_use", "CcInfo", "CcSharedLibraryInfo", "CcToolchainConfigInfo", "DebugPackageInfo",
    "JavaInfo", "JavaPluginInfo", "ProtoInfo", "PyInfo", "PyRuntimeInfo", "testing",
)  # fmt: skip
"""Names that few .bzl files mention; the others do not load them."""
_BUILD_NAMES = ("depset", "select", "set")
_SHADOWS = (
    'dir = "dir__", fail = "fail__", getattr = "getattr__", hasattr = "hasattr__", json = "json__", repr = "repr__", '
    'str = "str__", type = "type__", make_label__ = "make_label__", make_print__ = "make_print__"'
)
_FROM_NATIVE = (
    "glob", "package", "exports_files", "package_group", "package_name", "repository_name", "repo_name",
    "module_name", "module_version", "licenses", "subpackages", "existing_rule", "existing_rules",
    "package_relative_label",
)  # fmt: skip

_TOP_LEVEL = re.compile(r"^([A-Za-z_][A-Za-z0-9_, ]*?)\s*=(?!=)", re.MULTILINE)
_DEFINED = re.compile(r"^def\s+([A-Za-z_]\w*)", re.MULTILINE)


def assigned(text: str) -> list[str]:
    """The names that a file assigns at its top level; and words of lines in its texts that look so."""
    names = (name.strip() for match in _TOP_LEVEL.finditer(text) for name in match[1].split(","))
    return list(dict.fromkeys(name for name in names if name.isidentifier() and not iskeyword(name)))


def symbols(text: str) -> list[str]:
    """The names that other files may load from a file."""
    names = assigned(text) + [match[1] for match in _DEFINED.finditer(text)]
    return [name for name in names if not name.startswith("_")]


def _names(names: tuple[str, ...], rewritten: str | None) -> str:
    """What a file loads of the prelude: what `rewrite` put into it, too, if it did."""
    if rewritten is not None:
        names += tuple(name for name in _REWRITTEN if name in rewritten)
    return ", ".join(f'"{name}"' for name in names)


def for_bzl(repo: str, package: str, shown: str, native: bool, text: str, rewritten: str | None) -> str:
    """The preamble of a .bzl file; the module's KEY__ holds its label.  `p` is the prelude, `n` the native rules.

    text: the file's.  rewritten: the same if it was rewritten.
    """
    names = _names((*_BZL_NAMES, *(name for name in _ELSEWHERE if name in text)), rewritten)
    return (
        f'load("p", {names}, {_SHADOWS}, make_rule__ = "make_rule__", make_provider__ = "make_provider__", '
        f'make_macro__ = "make_macro__", make_aspect__ = "make_aspect__", '
        f'export__ = "export__")\n'
        + ('load("n", "native")\n' if native else "")
        + "RULES__ = []\nPROVIDERS__ = []\nMACROS__ = []\nASPECTS__ = []\n"
        "rule = make_rule__(RULES__, KEY__)\naspect = make_aspect__(ASPECTS__, KEY__)\n"
        "macro = make_macro__(MACROS__, KEY__)\n"
        "provider = make_provider__(PROVIDERS__, KEY__)\n"
        f"Label = make_label__({json.dumps(repo)}, {json.dumps(package)})\n"
        f"print = make_print__({json.dumps(shown)})\n"
        "def visibility(value):\n    pass\nNone\n"
    )


def for_build(rules: Iterable[str], rewritten: str | None) -> str:
    """The preamble of a BUILD file, alike for most of them; the module's SHOWN__ holds how messages name the file.

    rewritten: its text if it was rewritten.
    """
    names = _names(_BUILD_NAMES, rewritten)
    return (
        f'load("p", {names}, {_SHADOWS})\nload("n", "native")\n'
        + "".join(f"{name} = native.{name}\n" for name in (*sorted(rules), *_FROM_NATIVE, *languages.NAMES))
        + "print = make_print__(SHOWN__)\nNone\n"
    )


def for_native(rules: Iterable[str]) -> str:
    """A module that holds `native`: the core functions and the native rules (`n`)."""
    names = list(rules)
    loads = ", ".join(json.dumps(name) for name in names)
    pairs = ", ".join(f"{name} = {name}" for name in names)
    return (
        f'load("p", "native_core__", "languages__")\nload("n", {loads})\n'
        f"native = struct(**(native_core__ | languages__({json.dumps(languages.NAMES)}) | dict({pairs})))\n"
    )


def epilogue(names: Iterable[str]) -> str:
    """What tells Python the names of a module's rules and providers; it fails for a value too deep to be frozen."""
    pairs = ", ".join(f"{json.dumps(name)}: {name}" for name in names)
    return f"export__(RULES__, PROVIDERS__, MACROS__, ASPECTS__, {{{pairs}}})\nNone\n"
