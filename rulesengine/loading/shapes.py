"""Shapes: what an expression of a file is for sure, whatever its names stand for; see `rewrite`."""

from __future__ import annotations

import ast
import re

_SHOWN = re.compile(r"%[srgG]")
_NEITHER = (
    *(ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.DictComp, ast.GeneratorExp, ast.Lambda),
    *(ast.Compare, ast.UnaryOp),
)
_NO_SETS = (ast.Add, ast.Mod, ast.Mult, ast.Div, ast.FloorDiv, ast.LShift, ast.RShift)
"""Operators that no set and no depset has."""
_FUNCTIONS = frozenset(
    {
        "Label", "abs", "all", "any", "bool", "dict", "dir", "enumerate", "float", "glob", "hasattr", "hash", "int",
        "len", "list", "range", "repr", "reversed", "select", "sorted", "str", "tuple", "type", "zip",
    }
)  # fmt: skip
_METHODS = frozenset(
    {
        "capitalize", "count", "elems", "endswith", "find", "format", "index", "isalnum", "isalpha", "isdigit",
        "islower", "isspace", "issubset", "issuperset", "istitle", "isupper", "items", "join", "keys", "lower",
        "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rpartition", "rsplit",
        "rstrip", "split", "splitlines", "startswith", "strip", "title", "to_list", "upper", "values",
    }
)  # fmt: skip
_OF_CTX = frozenset({"attr", "executable", "file", "files"})


def is_number(node: ast.expr) -> bool:
    """Whether an expression is a number, True, False or None as it stands."""
    return isinstance(node, ast.Constant) and not isinstance(node.value, str)


def is_plain(node: ast.expr) -> bool:
    """Whether a value looks alike everywhere: a literal that is no float."""
    return isinstance(node, ast.Constant) and not isinstance(node.value, float)


def is_text(node: ast.expr) -> bool:
    """Whether an expression is a text for sure: a literal, or a sum or product that holds one."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        if (
            isinstance(node.op, ast.Add)
            and isinstance(node.right, ast.Constant)
            and isinstance(node.left, ast.Constant)
        ):
            return isinstance(node.right.value, str)
        if isinstance(node.op, ast.Add):
            return False
        node = node.left
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def shows(node: ast.expr) -> bool:
    """Whether a format may show a value of any kind: one with `%d` only does not."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _SHOWN.search(node.value) is not None
    return True


def is_of_ctx(node: ast.expr) -> bool:
    """Whether an expression is an attribute's value or its files: `ctx.attr.NAME`, `ctx.files.NAME` and the like."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Attribute):
        return False
    kind = node.value
    return kind.attr in _OF_CTX and isinstance(kind.value, ast.Name) and kind.value.id == "ctx"


def may_stand_in(node: ast.expr) -> bool:
    """Whether an expression may be a set or a depset, which are structs here."""
    if isinstance(node, _NEITHER):
        return False
    if isinstance(node, ast.BinOp):
        return not isinstance(node.op, _NO_SETS) and not is_number(node.left) and not is_number(node.right)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id not in _FUNCTIONS
        return not isinstance(node.func, ast.Attribute) or node.func.attr not in _METHODS
    return not is_of_ctx(node)
