"""The table of warnings: names, which are buildifier's where buildifier has the same one, and meanings."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from rulesengine.errors import UsageError, did_you_mean


@frozen
class Warning:
    """One kind of finding.  on: without --warnings.  also: other names for it."""

    name: str
    meaning: str
    on: bool = True
    also: tuple[str, ...] = ()


WARNINGS = (
    Warning("attribute-missing", "a rule or function is called without an attribute or argument that it must have"),
    Warning("attribute-type", "an attribute's value is of a kind that the rule does not take"),
    Warning("attribute-unknown", "a rule, function or provider is called with an attribute that it does not have"),
    Warning("constant-glob", "glob() of a file's plain name, or of nothing"),
    Warning("ctx-actions", "ctx.new_file, ctx.action and their like, which Bazel has removed"),
    Warning("depset-items", "depset(items = …), which Bazel has removed"),
    Warning("depset-iteration", "a loop over a depset without to_list()"),
    Warning("depset-union", "depsets joined with + or |"),
    Warning("docstring-args", "a docstring describes an argument that does not exist, or leaves one out", also=(
        "function-docstring-args",)),
    Warning("docstring-missing", "a public function, rule or file without documentation", False, also=(
        "function-docstring", "module-docstring")),
    Warning("duplicated-key", "a key twice in a dict, or an argument twice in a call"),
    Warning("duplicated-name", "two targets of one name in a package"),
    Warning("integer-division", "a / b of whole numbers, which Starlark writes a // b"),
    Warning("label-missing", "a label of a package or target that does not exist"),
    Warning("load-file", "load() of a file that does not exist"),
    Warning("load-on-top", "load() after other statements", False),
    Warning("load-symbol", "load() of a name that the file does not define"),
    Warning("mutable-default", "a function that changes the list or dict which is an argument's default"),
    Warning("native-build", "native.NAME in a BUILD file, where NAME alone does"),
    Warning("no-effect", "an expression whose value nobody uses"),
    Warning("package-on-top", "package() after targets"),
    Warning("positional-args", "a rule or macro called with arguments that have no names in a BUILD file"),
    Warning("print", "print() that was left in"),
    Warning("redefined-name", "a name of a .bzl file that is defined twice, which Bazel refuses"),
    Warning("return-value", "a function that returns a value on some paths only"),
    Warning("shadowed-builtin", "a top-level name that hides one of Starlark's own"),
    Warning("string-escape", "a backslash before a character that makes no escape sequence"),
    Warning("string-iteration", "a loop over a string, which Starlark refuses"),
    Warning("syntax", "a file that does not parse"),
    Warning("type", "a value of the wrong type, as far as types can be told"),
    Warning("undefined-name", "a name that is defined nowhere"),
    Warning("uninitialized", "a variable that has no value on some path that leads to its use"),
    Warning("unreachable", "statements that are never reached"),
    Warning("unused-load", "a name that is loaded and not used", also=("load",)),
    Warning("unused-parameter", "a parameter that its function does not use", False),
    Warning("unused-variable", "a variable that is given a value and not used"),
)  # fmt: skip
"""Sorted by name."""

NAMES = {one.name: one.name for one in WARNINGS} | {also: one.name for one in WARNINGS for also in one.also}
"""Every name and other name -> the name."""


def chosen(words: Iterable[str]) -> frozenset[str]:
    """What `--warnings` stands for: names, `all`, `default`; `+x` adds and `-x` takes away.  Raises UsageError."""
    default = frozenset(one.name for one in WARNINGS if one.on)
    out: set[str] | None = None
    for word in (part.strip() for text in words for part in text.split(",")):
        if not word:
            continue
        sign = word[0] if word[0] in "+-" else ""
        name = word[len(sign) :]
        some = {"all": frozenset(NAMES.values()), "default": default}.get(name)
        if some is None:
            if name not in NAMES:
                raise UsageError(
                    f"--warnings: there is no warning {name!r}",
                    hint=did_you_mean(name, NAMES) or "pybuild help warnings lists them",
                )
            some = frozenset((NAMES[name],))
        if out is None:
            out = set(default) if sign else set()
        out = out - some if sign == "-" else out | some
    return default if out is None else frozenset(out)
