"""Flags of `explain`, `affected` and `graph`."""

from __future__ import annotations

from rulesengine.cli.flags.flag import Flag

EXPLAINING = (
    Flag("digest", "bool", "explain why one digest became another, instead of why actions ran", False,
         commands=("explain",)),
    Flag("output", "choice", "in which form to print: a tree from effect to cause, or one JSON value", "text",
         choices=("text", "json"), commands=("explain",)),
    Flag("since", "string", "the git revision to compare the working tree with", metavar="REVISION",
         commands=("affected",)),
    Flag("universe", "string", "patterns of the targets to look at, with commas between", "//...", metavar="PATTERNS",
         commands=("affected",)),
    Flag("kind", "string", "only targets whose kind matches (genrule rule, .*_test rule)", "", metavar="REGEX",
         commands=("affected",)),
    Flag("tests", "bool", "only tests", False, commands=("affected",)),
    Flag("output", "choice", "in which form to print the targets; reason: with why each is affected", "label",
         choices=("label", "label_kind", "reason", "json"), commands=("affected",)),
    Flag("output", "choice", "in which form to draw: a picture, a page to move and search in, Graphviz's, or data",
         "svg", choices=("svg", "html", "dot", "json"), commands=("graph",)),
    Flag("output_file", "path", "write there instead of to standard output", short="o", metavar="FILE",
         commands=("graph",)),
    Flag("actions", "bool", "draw the actions that make the targets instead of the targets", False,
         commands=("graph",)),
    Flag("conditions", "bool", "draw conditions of select(), platforms and constraints too", False,
         commands=("graph",)),
    Flag("implicit_deps", "bool", "follow dependencies that a rule adds by itself", False, commands=("graph",)),
    Flag("tool_deps", "bool", "follow dependencies on tools", True, commands=("graph",)),
)  # fmt: skip
