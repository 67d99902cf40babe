"""Nesting: what would overflow the native stack of starlark-rust is refused before it is parsed.

Measured with starlark-pyo3 2026.1.3 on a thread's 8 MiB stack: expressions survive 2,000 levels and
crash at 4,000, lambdas, blocks and `elif` chains survive 1,000 and crash at 2,000.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rulesengine.errors import Location, SyntaxFault

MAX_BRACKETS = 200
"""Brackets inside of brackets; Python's own limit."""
MAX_DEPTH = 800
"""Operators, calls, attributes and brackets that hang on each other in one expression."""
MAX_BLOCKS = 100
"""Indented blocks inside of each other."""
MAX_ELIF = 400
"""`elif` branches of one `if`."""

_LITERALS = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)|\'\'\'(?:[^\\]|\\.)*?(?:\'\'\'|\Z)'
    r'|"(?:[^"\\\n]|\\.)*"?|\'(?:[^\'\\\n]|\\.)*\'?|#[^\n]*',
    re.DOTALL,
)
_BREAKS = re.compile(r"[^\n]+")
_WORD = r"\b(?:and|or|not|if|else|lambda|for|in)\b"
_TOKEN = re.compile(rf"\\\n|[()\[\]{{}},;\n]|[-+*/%|&^~<>.]|{_WORD}")
_COUNTED = re.compile(rf"[-+*/%|&^~<>.(\[{{]|{_WORD}")
_STATEMENTS = re.compile(r"\n(?=[A-Za-z_])")
_BLOCK = re.compile(r"^( *)(if|elif|else|for|def)\b", re.MULTILINE)


def _blank(match: re.Match[str]) -> str:
    """A literal as an empty one and its line breaks: lines stay where they are."""
    found = match[0]
    return '""' if "\n" not in found else '""' + _BREAKS.sub("", found)


@lru_cache(maxsize=1)
def bare(text: str) -> str:
    """A file's text without what its literals and comments hold: an empty literal is in place of each."""
    return _LITERALS.sub(_blank if '"""' in text or "'''" in text else '""', text)


def check_nesting(path: str, text: str) -> None:
    """Raise SyntaxFault, with the line, where a text nests deeper than the parser survives."""
    code = bare(text)
    if not all(_is_flat(one) for one in _STATEMENTS.split(code)):
        _check_expressions(path, code)
    _check_blocks(path, code)


def _is_flat(statement: str) -> bool:
    """Whether too little stands between two line breaks at the top level to nest deep there."""
    return (
        (len(statement) <= MAX_BRACKETS or len(_COUNTED.findall(statement)) <= MAX_BRACKETS)
        and statement.count("(") == statement.count(")")
        and statement.count("[") == statement.count("]")
        and statement.count("{") == statement.count("}")
    )


def _check_expressions(path: str, code: str) -> None:
    levels = [0]  # what hangs on each other at every open bracket
    depth = 0
    for token in _TOKEN.finditer(code):
        what = token[0]
        if what in "([{":
            levels.append(0)
            depth += 1
        elif what in ")]}":
            if len(levels) > 1:
                depth -= levels.pop() + 1
            levels[-1] += 1  # f()()() hangs on each other too
            depth += 1
        elif what == "," or (what in "\n;" and len(levels) == 1):
            depth -= levels[-1]
            levels[-1] = 0
        elif what not in "\n;\\\n":
            weight = 2 if what == "lambda" else 1
            levels[-1] += weight
            depth += weight
        else:
            continue
        if len(levels) > MAX_BRACKETS + 1:
            _refuse(path, code, token.start(), f"brackets nest deeper than {MAX_BRACKETS}")
        if depth > MAX_DEPTH:
            _refuse(path, code, token.start(), f"an expression nests deeper than {MAX_DEPTH} levels")


def _check_blocks(path: str, code: str) -> None:
    indents: list[int] = []
    branches: dict[int, int] = {}
    for block in _BLOCK.finditer(code):
        indent, word = len(block[1]), block[2]
        while indents and indents[-1] >= indent:
            indents.pop()
        indents.append(indent)
        if len(indents) > MAX_BLOCKS:
            _refuse(path, code, block.start(2), f"blocks nest deeper than {MAX_BLOCKS}")
        branches[indent] = branches.get(indent, 0) + 1 if word == "elif" else 0
        if branches[indent] > MAX_ELIF:
            _refuse(path, code, block.start(2), f"an 'if' has more than {MAX_ELIF} 'elif' branches")


def _refuse(path: str, code: str, offset: int, message: str) -> None:
    line = code.count("\n", 0, offset) + 1
    raise SyntaxFault(message, location=Location(path, line), hint="take it apart into several statements")
