"""Python's own parser over Starlark files: for what needs the places of things, not their meaning."""

from __future__ import annotations

import ast
import re
import threading
import warnings
from functools import lru_cache

_MAX_CHARACTERS = 1 << 20
"""Of a larger file there is no tree: it would take up to 350 times as many bytes.  Such files are lists of data."""
_ONE_AT_A_TIME = threading.Lock()


@lru_cache(maxsize=16)
def python_tree(text: str) -> ast.Module:
    """The tree of a file; nobody may change it.  Raises SyntaxError, ValueError, RecursionError, MemoryError."""
    if len(text) > _MAX_CHARACTERS:
        raise MemoryError
    # CPython 3.11 counts the depth of trees under construction for all threads together, and raises SystemError
    # when two of them build trees at once; the list of warning filters is shared by threads, too.
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def private_names(text: str) -> tuple[str, ...]:
    """The private names of a file's top level: a module does not show them, so the text must be parsed."""
    if not (text.startswith("_") or "\n_" in text) or not re.search(r"^_\w*\s*=", text, re.MULTILINE):
        return ()
    try:
        body = python_tree(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    targets = [target for one in body if isinstance(one, ast.Assign) for target in one.targets]
    names = (name for target in targets for name in (target.elts if isinstance(target, ast.Tuple) else [target]))
    return tuple(one.id for one in names if isinstance(one, ast.Name) and one.id.startswith("_"))
