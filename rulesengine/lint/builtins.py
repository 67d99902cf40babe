"""The signatures of the engine's own functions, read off the prelude that defines them: they cannot disagree."""

from __future__ import annotations

import ast
from functools import lru_cache
from importlib import resources

_ENCLOSING = {"rule": "make_rule__", "provider": "make_provider__"}
"""Functions that every file gets a closure of -> what makes the closure."""
_PLAIN = ("depset", "select", "transition", "aspect", "macro", "rule", "provider")
_NATIVE = ("exports_files", "package_group")
_ANY = "typing.Any"


@lru_cache(maxsize=1)
def signatures() -> dict[str, ast.arguments]:
    """`rule`, `attr.string`, `ctx.actions.run` … -> parameters."""
    tops: dict[str, ast.FunctionDef] = {}
    kinds: dict[str, tuple[str, str]] = {}
    folder = resources.files("rulesengine.loading").joinpath("prelude")
    for part in sorted(folder.iterdir(), key=lambda one: one.name):
        if not part.name.endswith(".bzl"):
            continue
        for statement in ast.parse(part.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.FunctionDef):
                tops[statement.name] = statement
            elif isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "_KINDS":
                kinds = ast.literal_eval(statement.value)
    out: dict[str, ast.arguments] = {}
    for name in _PLAIN:
        found = tops.get(name) or _inner(tops.get(_ENCLOSING.get(name, f"make_{name}__"))).get(name)
        if found is not None:
            out[name] = found.args
    for name in _NATIVE:
        if "_" + name in tops:
            out[name] = out["native." + name] = tops["_" + name].args
    out.update({f"attr.{kind}": _named(["doc", "mandatory", *takes.split()]) for kind, (takes, _) in kinds.items()})
    out.update(
        {
            f"ctx.actions.{name}": _bound(one)
            for name, one in _inner(tops.get("_make_actions")).items()
            if name[0] != "_"
        }
    )
    return {name: of for name, of in out.items() if of.kwarg is None}


def _named(names: list[str]) -> ast.arguments:
    """Parameters that may be given by name."""
    return ast.arguments([], [], None, [ast.arg(name) for name in names], [ast.Constant(None) for _ in names], None, [])


def _bound(function: ast.FunctionDef) -> ast.arguments:
    """The parameters of a function of which the first is bound already."""
    of = function.args
    return ast.arguments(of.posonlyargs, of.args[1:], of.vararg, of.kwonlyargs, of.kw_defaults, of.kwarg, of.defaults)


def _inner(function: ast.FunctionDef | None) -> dict[str, ast.FunctionDef]:
    if function is None:
        return {}
    return {one.name: one for one in function.body if isinstance(one, ast.FunctionDef)}


def stub(names: list[str]) -> str:
    """A typed module that defines some names: functions with the prelude's parameters, anything for the others.

    A parameter's type is that of its default; None always fits, as it does in Bazel.
    """
    known = signatures()
    out = [f"def any__() -> {_ANY}:\n    return None\n"]
    for name in names:
        of = known.get(name)
        if of is None:
            out.append(f"{name} = any__()\n")
            continue
        positional = [*of.posonlyargs, *of.args]
        lacking = len(positional) - len(of.defaults)
        words = [
            _parameter(one.arg, None if number < lacking else of.defaults[number - lacking])
            for number, one in enumerate(positional)
        ]
        if of.vararg is not None:
            words.append("*" + of.vararg.arg)
        elif of.kwonlyargs:
            words.append("*")
        words += [_parameter(one.arg, default) for one, default in zip(of.kwonlyargs, of.kw_defaults, strict=True)]
        out.append(f"def {name}({', '.join(words)}) -> {_ANY}:\n    return None\n")
    return "".join(out)


def _parameter(name: str, default: ast.expr | None) -> str:
    if default is None:
        return f"{name}: {_ANY}"
    kind = _ANY
    if isinstance(default, ast.List):
        kind = f"None | list[{_ANY}] | tuple[{_ANY}, ...]"
    elif isinstance(default, ast.Dict):
        kind = f"None | dict[{_ANY}, {_ANY}]"
    elif isinstance(default, ast.Constant) and isinstance(default.value, str):
        kind = "None | str"
    # What cannot be written in a stub (a constant of the prelude) is of any type.
    shown = ast.unparse(default) if isinstance(default, (ast.List, ast.Dict, ast.Constant)) else "None"
    return f"{name}: {kind} = {shown}"
