"""What a single expression or statement shows: no knowledge of other files is needed."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from rulesengine.lint.finding import Finding
from rulesengine.lint.source import Source, called, dotted

_CTX_NATIVE_STAYS = frozenset({"existing_rule", "existing_rules", "read_json"})
_CTX_ACTIONS = {
    "action": "ctx.actions.run or ctx.actions.run_shell",
    "default_provider": "DefaultInfo",
    "empty_action": "ctx.actions.do_nothing",
    "expand": "ctx.expand_location",
    "experimental_new_directory": "ctx.actions.declare_directory",
    "file_action": "ctx.actions.write",
    "host_configuration": 'an executable attribute with cfg = "exec"',
    "host_fragments": "ctx.fragments",
    "new_file": "ctx.actions.declare_file",
    "template_action": "ctx.actions.expand_template",
}
_NATIVE_STAYS = frozenset({"existing_rule", "existing_rules", "read_json"})
_ESCAPES = frozenset("\n\\'\"abfnrtv01234567xuU")
_CHANGES = frozenset({"append", "extend", "insert", "pop", "popitem", "remove", "clear", "setdefault", "update"})
_STRING = re.compile(r"^([rRbB]*)('''|\"\"\"|'|\")(.*)\2$", re.DOTALL)


def expressions(source: Source) -> Iterator[Finding]:
    """Findings of every node by itself."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Dict):
            yield from _keys(source, node)
        elif isinstance(node, ast.Call):
            yield from _call(source, node)
        elif isinstance(node, (ast.BinOp, ast.AugAssign)):
            yield from _division(source, node)
        elif isinstance(node, ast.Attribute):
            yield from _attribute(source, node)
        elif isinstance(node, ast.FunctionDef):
            yield from _defaults(source, node)
            yield from _depsets(source, node)
        elif isinstance(node, (ast.For, ast.comprehension)):
            yield from _iteration(source, node)
        if isinstance(node, (ast.FunctionDef, ast.For, ast.If, ast.Module)):
            yield from _no_effect(source, node)
    yield from _escapes(source)
    yield from _order(source)


def _keys(source: Source, node: ast.Dict) -> Iterator[Finding]:
    seen: dict[object, int] = {}
    for key in node.keys:
        if not isinstance(key, ast.Constant):
            continue
        mark = (type(key.value), key.value)
        if mark in seen:
            yield source.finding(
                "duplicated-key", key, f"key {key.value!r} is in line {seen[mark]} of this dict already; take one away"
            )
        else:
            seen[mark] = key.lineno


def _call(source: Source, node: ast.Call) -> Iterator[Finding]:
    name = called(node)
    seen: dict[str, int] = {}
    for named in node.keywords:
        if named.arg is None:
            continue
        if named.arg in seen:
            yield source.finding("duplicated-key", named, f"argument {named.arg!r} is given twice; take one away")
        seen[named.arg] = named.lineno
    if name == "print":
        yield source.finding("print", node, "print() is for debugging; take it away")
    elif name == "depset" and "items" in seen:
        yield source.finding(
            "depset-items", node, "depset(items = …) is gone from Bazel; write direct = or transitive ="
        )
    elif name in ("glob", "native.glob"):
        yield from _glob(source, node)


def _glob(source: Source, node: ast.Call) -> Iterator[Finding]:
    include = node.args[0] if node.args else next((one.value for one in node.keywords if one.arg == "include"), None)
    if isinstance(include, ast.List):
        for one in include.elts:
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and "*" not in one.value:
                yield source.finding(
                    "constant-glob",
                    one,
                    f"{one.value!r} has no *; name the file outside of glob(), so that it must be there",
                )


def _division(source: Source, node: ast.BinOp | ast.AugAssign) -> Iterator[Finding]:
    if not isinstance(node.op, ast.Div):
        return
    sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
    if any(isinstance(side, ast.Constant) and isinstance(side.value, float) for side in sides):
        return
    if any(isinstance(side, ast.Call) and called(side) == "float" for side in sides):
        return
    yield source.finding("integer-division", node, "/ makes a float; write // for whole numbers, or float(…) / …")


def _attribute(source: Source, node: ast.Attribute) -> Iterator[Finding]:
    name = dotted(node)
    if name.startswith("ctx.") and name.count(".") == 1 and node.attr in _CTX_ACTIONS:
        yield source.finding("ctx-actions", node, f"{name} is gone from Bazel; use {_CTX_ACTIONS[node.attr]}")
    if (
        source.kind == "build"
        and name.startswith("native.")
        and name.count(".") == 1
        and node.attr not in _NATIVE_STAYS
    ):
        yield source.finding("native-build", node, f"in a BUILD file write {node.attr} without native.")


def _defaults(source: Source, node: ast.FunctionDef) -> Iterator[Finding]:
    of = node.args
    pairs = list(zip(reversed([*of.posonlyargs, *of.args]), reversed(of.defaults), strict=False))
    pairs += [(one, default) for one, default in zip(of.kwonlyargs, of.kw_defaults, strict=True) if default is not None]
    mutable = {one.arg for one, default in pairs if isinstance(default, (ast.List, ast.Dict)) or called(default) in (
        "list", "dict", "set")}  # fmt: skip
    if not mutable:
        return
    for inner in ast.walk(node):
        name = ""
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in _CHANGES:
            name = dotted(inner.func.value)
        elif isinstance(inner, ast.Subscript) and isinstance(inner.ctx, ast.Store):
            name = dotted(inner.value)
        elif isinstance(inner, ast.AugAssign):
            name = dotted(inner.target)
        elif isinstance(inner, ast.Assign):
            mutable -= {one.id for one in inner.targets if isinstance(one, ast.Name)}
        if name in mutable:
            text = f"the default of {name!r} is frozen and cannot be changed; copy it first, or let the default be None"
            yield source.finding("mutable-default", inner, text)


def _depsets(source: Source, node: ast.FunctionDef) -> Iterator[Finding]:
    """Local variables that surely are depsets: iterated or joined."""
    made: set[str] = set()
    for statement in ast.walk(node):
        if isinstance(statement, ast.Assign) and called(statement.value) == "depset":
            made |= {one.id for one in statement.targets if isinstance(one, ast.Name)}
    for statement in ast.walk(node):
        if isinstance(statement, ast.Assign) and called(statement.value) != "depset":
            made -= {
                one.id for one in ast.walk(statement) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
            }

    def is_depset(value: ast.AST) -> bool:
        return called(value) == "depset" or (isinstance(value, ast.Name) and value.id in made)

    for inner in ast.walk(node):
        if isinstance(inner, (ast.For, ast.comprehension)) and is_depset(inner.iter):
            yield source.finding(
                "depset-iteration", inner.iter, "a depset is not iterable; write .to_list(), once, at the end"
            )
        elif isinstance(inner, ast.BinOp) and isinstance(inner.op, (ast.Add, ast.BitOr)):
            if is_depset(inner.left) or is_depset(inner.right):
                yield source.finding("depset-union", inner, "depsets do not add up; write depset(transitive = [a, b])")
        elif isinstance(inner, ast.AugAssign) and isinstance(inner.op, (ast.Add, ast.BitOr)):
            if is_depset(inner.target) or is_depset(inner.value):
                yield source.finding("depset-union", inner, "depsets do not add up; write depset(transitive = [a, b])")
        elif (
            isinstance(inner, ast.Call)
            and called(inner) in ("len", "list", "sorted", "enumerate")
            and inner.args
            and is_depset(inner.args[0])
        ):
            yield source.finding(
                "depset-iteration", inner, "a depset is not iterable; write .to_list(), once, at the end"
            )


def _iteration(source: Source, node: ast.For | ast.comprehension) -> Iterator[Finding]:
    value = node.iter
    if (isinstance(value, ast.Constant) and isinstance(value.value, str)) or called(value) == "str":
        yield source.finding("string-iteration", value, "a string is not iterable; write .elems() for its characters")


def _no_effect(source: Source, node: ast.FunctionDef | ast.For | ast.If | ast.Module) -> Iterator[Finding]:
    blocks = [node.body, node.orelse] if isinstance(node, (ast.If, ast.For)) else [node.body]
    for block in blocks:
        for statement in block:
            if not isinstance(statement, ast.Expr):
                continue
            value = statement.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                # A string documents what stands before it, as buildifier takes it.
                continue
            if isinstance(value, ast.Constant) and value.value is Ellipsis:
                continue
            if isinstance(value, (ast.ListComp, ast.Call)):
                continue
            yield source.finding("no-effect", statement, "nobody uses this value; assign it, or take it away")


def _escapes(source: Source) -> Iterator[Finding]:
    if "\\" not in source.text:
        return
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source.text).readline))
    except (tokenize.TokenError, SyntaxError):
        return
    for token in tokens:
        if token.type != tokenize.STRING or "\\" not in token.string:
            continue
        found = _STRING.match(token.string)
        if found is None or "r" in found[1].lower():
            continue
        at = len(found[1]) + len(found[2])
        text = token.string
        end = len(text) - len(found[2])
        while at < end:
            if text[at] == "\\":
                if text[at + 1] not in _ESCAPES:
                    line = token.start[0] + text.count("\n", 0, at)
                    column = at - text.rfind("\n", 0, at) - 1 if "\n" in text[:at] else token.start[1] + at
                    before = len(source.lines[line - 1][:column].encode())
                    written = text[at : at + 2]
                    yield source.at(
                        "string-escape", line, before, f"{written} is no escape sequence; write \\{written}"
                    )
                at += 1
            at += 1


def _order(source: Source) -> Iterator[Finding]:
    """Where load() and package() stand."""
    if source.kind == "module":
        return
    others = False
    rules = False
    for statement in source.tree.body:
        value = statement.value if isinstance(statement, ast.Expr) else None
        name = called(value) if value is not None else ""
        if name == "load":
            if others:
                yield source.finding("load-on-top", statement, "load() belongs at the top of the file; move it there")
        elif name == "package":
            if rules and source.kind == "build":
                yield source.finding(
                    "package-on-top", statement, "package() does nothing for targets above it; move it up"
                )
        elif not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
            others = True
            rules = rules or bool(
                source.kind == "build"
                and isinstance(value, ast.Call)
                and name not in ("licenses", "package_group", "exports_files")
                and any(one.arg == "name" for one in value.keywords)
            )
