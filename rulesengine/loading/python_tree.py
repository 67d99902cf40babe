"""Python's own parser over Starlark files: for what needs the places of things, not their meaning."""

from __future__ import annotations

import ast
import threading
import warnings
from functools import lru_cache

_ONE_AT_A_TIME = threading.Lock()


@lru_cache(maxsize=16)
def python_tree(text: str) -> ast.Module:
    """The tree of a file; nobody may change it.  Raises SyntaxError, ValueError, RecursionError, MemoryError."""
    # CPython 3.11 counts the depth of trees under construction for all threads together, and raises SystemError
    # when two of them build trees at once; the list of warning filters is shared by threads, too.
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)
