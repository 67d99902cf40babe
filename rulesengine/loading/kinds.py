"""Kinds: what values really are that the interpreter calls structs and dicts, for messages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

_REPR = re.compile(r"'\w+ \(repr: (?:struct\(_type=\"(\w+)\"|(\{\"label__\")).*\)'", re.DOTALL)
_OTHER_REPR = re.compile(r"'(\w+) \(repr: .*\)'", re.DOTALL)
_MADE = re.compile(r"(set|depset|Label|struct)\(")
_BINARY = re.compile(r"unsupported binary operation: (.+?) (\S+|not in|cmp\(\)) (\S+)")


def without_insides(words: str) -> str:
    """A message without what a value looks like inside: `'struct (repr: struct(_type="set", …))'` is `'set'`."""

    def kind(match: re.Match[str]) -> str:
        return f"'{match[1] or 'Target'}'"

    return _OTHER_REPR.sub(r"'\1'", _REPR.sub(kind, words))


def of_operands(words: str, expression: str, before: Sequence[str]) -> str:
    """A message about an operation on a struct, with the kinds of its operands where the text tells them.

    expression: the author's, of which the message is.  before: the lines of the file above it, and its own.
    """
    if "struct" not in words:
        return words
    try:
        operands = list(_operands(ast.parse(expression, mode="eval").body))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return words
    kinds = [_kind(one, before) for one in operands]
    match = _BINARY.fullmatch(words)
    if match is not None and len(kinds) == 2:
        left, right = (
            found or said if said == "struct" else said for found, said in zip(kinds, match.groups()[::2], strict=True)
        )
        return f"unsupported binary operation: {left} {match[2]} {right}"
    known = next((one for one in reversed(kinds) if one), "")
    return words.replace("struct", known, 1) if match is None and known else words


def _operands(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
    elif isinstance(node, ast.Compare):
        yield from (node.left, node.comparators[0])
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, (ast.Subscript, ast.Attribute)):
        yield node.value
    elif isinstance(node, ast.Call):
        function = node.func
        yield from node.args or [function.value if isinstance(function, ast.Attribute) else function]


def _kind(node: ast.expr, before: Sequence[str]) -> str:
    """What an expression is, if it is a name that the lines above set, or makes the value itself; else empty."""
    text = ast.unparse(node)
    if isinstance(node, ast.Name):
        setting = re.compile(rf"\s*{re.escape(node.id)}\s*=\s*(?!=)(.*)")
        text = next((found[1] for line in reversed(before) if (found := setting.match(line))), "")
    made = _MADE.match(text)
    return made[1] if made is not None else ""
