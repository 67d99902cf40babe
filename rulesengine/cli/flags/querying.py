"""Flags of `query`, `cquery` and `aquery`."""

from __future__ import annotations

from rulesengine.cli.flags.flag import QUERIES, Flag

QUERYING = (
    Flag(
        "output", "choice", "in which form to print the targets", "label",
        choices=("label", "label_kind", "location", "build", "graph", "package", "minrank", "maxrank", "json",
                 "jsonproto", "streamed_jsonproto", "textproto", "xml"),
        commands=("query",),
    ),
    Flag(
        "output", "choice", "in which form to print the configured targets; files: their outputs; starlark: what a "
        "function makes of each", "label",
        choices=("label", "label_kind", "location", "build", "graph", "json", "jsonproto", "textproto", "files",
                 "starlark"),
        commands=("cquery",),
    ),
    Flag("transitions", "choice", "instead of targets: where configurations change between them and what they depend "
         "on; full: and which options do", "none", choices=("none", "lite", "full"), commands=("cquery",)),
    Flag("starlark:expr", "string", "starlark: an expression over `target`, for each (default: str(target.label))",
         metavar="EXPRESSION", commands=("cquery",)),
    Flag("starlark:file", "path", "starlark: a file that defines format(target)", metavar="FILE",
         commands=("cquery",)),
    Flag(
        "output", "choice", "in which form to print the actions", "text",
        choices=("text", "summary", "commands", "json", "jsonproto", "textproto"), commands=("aquery",),
    ),
    Flag("include_commandline", "bool", "show the command line of each action", True, commands=("aquery",)),
    Flag("include_artifacts", "bool", "show inputs and outputs of each action", True, commands=("aquery",)),
    Flag("include_param_files", "bool", "name the parameter files of each action", False, commands=("aquery",)),
    Flag("tool_deps", "bool", "follow dependencies on tools", True, commands=QUERIES),
    Flag("universe_scope", "string", "patterns, with commas between, among which allrdeps and rbuildfiles look "
         "(cquery, aquery: what is analysed)", metavar="PATTERNS", commands=QUERIES),
    Flag("order_output", "choice", "auto: by name; deps, full: dependents first; no: as found", "auto",
         choices=("auto", "deps", "full", "no"), commands=("query", "cquery")),
    Flag("relative_locations", "bool", "location, build, jsonproto, xml: print paths from the workspace's root", False,
         commands=("query", "cquery")),
    Flag("graph:factored", "bool", "graph: one node for targets with the same edges", True,
         commands=("query", "cquery")),
    Flag("graph:node_limit", "int", "graph: characters of the name of a node that stands for several targets; -1: any "
         "number", 512, commands=("query", "cquery")),
    Flag("graph:conditional_edges_limit", "int", "graph: one more than the conditions of select() that an edge shows; "
         "-1: all, 0: none", 4, commands=("query", "cquery")),
    Flag("xml:line_numbers", "bool", "xml: give lines and columns", True, commands=("query", "cquery")),
    Flag("xml:default_values", "bool", "xml: show attributes that were not given", False,
         commands=("query", "cquery")),
    Flag("proto:default_values", "bool", "jsonproto, textproto: show attributes that were not given", True,
         commands=("query", "cquery")),
    Flag("line_terminator_null", "bool", "end lines with a zero byte, as xargs -0 wants it", False,
         commands=("query", "cquery")),
    Flag("null", "bool", "the same", False, commands=("query", "cquery")),
    Flag("infer_universe_scope", "bool", "without --universe_scope, the patterns that the expression names are it",
         False, commands=("query",)),
    Flag("nodep_deps", "bool", "accepted as Bazel does: labels that are no dependencies are not followed", True,
         commands=QUERIES),
    Flag("consistent_labels", "bool", "accepted as Bazel does: labels are written so in any case", False,
         commands=QUERIES),
    Flag("include_aspects", "bool", "accepted as Bazel does: what aspects need is a dependency", True,
         commands=("cquery", "aquery")),
    Flag("order_results", "bool", "auto (no: as found), where --order_output is not given", True,
         commands=("query", "cquery")),
    Flag("strict_test_suite", "bool", "tests() refuses a test_suite that names something that is no test", False,
         commands=("query",)),
    Flag("implicit_deps", "bool", "follow dependencies that a rule adds by itself", True, commands=QUERIES),
    Flag("query_file", "path", "read the expression from a file", metavar="FILE", commands=QUERIES),
)  # fmt: skip
