"""What Bazel accepts and starlark-pyo3 does not, put into words it takes; lines never move.

- `TARGET.label`, `.files`, `.files_to_run`, `.default_runfiles`, `.data_runfiles`: a target is a
  dict here, so the access becomes `dot__(TARGET, "label")`.
- `f(*args, b = 1)` is a parse error here: `*args` moves behind the keyword arguments.

The places are found with Python's own parser (Starlark is a subset of its grammar for what
matters); a file that it does not read is left as it is, and the Starlark parser says why.
Columns are mapped back through `Rewritten.original_column`.
"""

from __future__ import annotations

import ast
import re
import warnings

from attrs import field, frozen

_NAMES = {"label", "files", "files_to_run", "default_runfiles", "data_runfiles", "same_package_label", "relative"}
_WORTH = re.compile(r"\.(?:" + "|".join(sorted(_NAMES)) + r")\b|\*\w[^\n]*,")
_CTX_ONLY = re.compile(r"\bctx\.(?:label|files)\b")


@frozen
class Rewritten:
    """A file's text as written and as parsed.  shifts: line -> (column in the parsed text, delta), ascending."""

    original: str
    text: str
    shifts: dict[int, list[tuple[int, int]]] = field(factory=dict)

    def original_column(self, line: int, column: int) -> int:
        """The author's column (from 1) for a column of the parsed text."""
        moved = 0
        for start, delta in self.shifts.get(line, ()):
            if column > start:
                moved += delta
        return max(1, column - moved)


def rewrite(text: str) -> Rewritten:
    """Rewrite what needs it; most files come back as they are."""
    if not _WORTH.search(_CTX_ONLY.sub("ctx_", text)):
        return Rewritten(text, text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Rewritten(text, text)
    # (line, byte column, order) -> replaced length and new text
    edits: list[tuple[int, int, int, int, str]] = []
    raw = [line.encode() for line in text.split("\n")]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _NAMES and isinstance(node.ctx, ast.Load):
            if isinstance(node.value, ast.Name) and node.value.id in ("ctx", "repository_ctx", "attr"):
                continue
            end_line, end = node.end_lineno or 0, node.end_col_offset or 0
            start = end - len(node.attr)
            dot = raw[end_line - 1].rfind(b".", 0, start)
            if (
                raw[end_line - 1][start:end] != node.attr.encode()
                or dot < 0
                or raw[end_line - 1][dot + 1 : start].strip()
            ):
                continue
            opening = node.value.lineno, node.value.col_offset
            edits.append((opening[0], opening[1], -(end_line * 10000 + end), 0, "dot__("))
            edits.append((end_line, dot, 0, end - dot, f', "{node.attr}")'))
        elif isinstance(node, ast.Call):
            stars = [one for one in node.args if isinstance(one, ast.Starred)]
            named = [one for one in node.keywords if one.arg is not None]
            if len(stars) != 1 or not named or stars[0] is not node.args[-1]:
                continue
            star, last = stars[0], named[-1]
            if (last.lineno, last.col_offset) < (star.lineno, star.col_offset):
                continue
            if star.lineno != star.end_lineno:
                continue
            line = raw[star.lineno - 1]
            written = line[star.col_offset : star.end_col_offset].decode()
            comma = re.match(rb"\s*,\s*", line[star.end_col_offset or 0 :])
            gone = (star.end_col_offset or 0) - star.col_offset + (comma.end() if comma else 0)
            edits.append((star.lineno, star.col_offset, 0, gone, ""))
            edits.append((last.end_lineno or 0, last.end_col_offset or 0, 1, 0, f", {written}"))
    if not edits:
        return Rewritten(text, text)
    shifts: dict[int, list[tuple[int, int]]] = {}
    by_line: dict[int, list[tuple[int, int, int, int, str]]] = {}
    for edit in edits:
        by_line.setdefault(edit[0], []).append(edit)
    for number, changes in by_line.items():
        changes.sort(key=lambda edit: (edit[1], edit[2]))
        line = raw[number - 1]
        out, at, column = b"", 0, 0
        for _, start, _, length, new in changes:
            out += line[at:start] + new.encode()
            column = len(out.decode())
            shifts.setdefault(number, []).append((column, len(new) - len(line[start : start + length].decode())))
            at = max(at, start + length)
        raw[number - 1] = out + line[at:]
    return Rewritten(text, b"\n".join(raw).decode(), shifts)
