"""Flags of `explain`, `affected` and `graph`."""

from __future__ import annotations

from rulesengine.cli.flags.flag import Flag

EXPLAINING = (
    Flag("digest", "bool", "explain why one digest became another, instead of why actions ran", False,
         commands=("explain",)),
    Flag("output", "choice", "in which form to print: a tree from effect to cause, or one JSON value", "text",
         choices=("text", "json"), commands=("explain",)),
)  # fmt: skip
