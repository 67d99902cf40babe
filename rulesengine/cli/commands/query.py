"""`pybuild query EXPRESSION`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from rulesengine.cli.context import Context
from rulesengine.errors import EXIT_PARTIAL, RulesEngineError, UsageError
from rulesengine.query import QueryResult
from rulesengine.query.evaluate import words_of
from rulesengine.query.graph import Node
from rulesengine.query.look import Look
from rulesengine.query.parser import parse


def run(context: Context) -> int:
    """Print the targets that an expression stands for."""
    options = context.options
    text = expression(context)
    workspace = context.workspace()
    with context.watching() as listener:
        result = workspace.query(
            text,
            package=context.package(workspace.root),
            implicit=options["implicit_deps"],
            tools=options["tool_deps"],
            universe=options["universe_scope"] or _inferred(text, wanted=options["infer_universe_scope"]),
            strict_tests=options["strict_test_suite"],
            keep_going=options["keep_going"],
            listener=listener,
            cancel=context.cancel,
        )
        shown = rendered(context, result)
    context.console.stdout.write(shown)
    tell(context, result.faults, EXIT_PARTIAL)
    return 0


def _inferred(text: str, *, wanted: bool) -> str:
    """The universe that an expression names itself, if that is wanted."""
    return ",".join(dict.fromkeys(words_of(parse(text)))) if wanted else ""


def tell(context: Context, faults: Sequence[RulesEngineError], exit_code: int) -> None:
    """Say what was left out of an answer.  Raises the last of the faults with the exit code."""
    if faults:
        *others, last = faults
        for one in others:
            context.console.error(one)
        last.exit_code = exit_code
        raise last


def rendered(context: Context, result: QueryResult[Node]) -> str:
    """The answer of `query` and `cquery` as their flags want it."""
    options = context.options
    look = Look(
        "" if options["relative_locations"] else context.workspace().root,
        "\0" if options["line_terminator_null"] or options["null"] else "\n",
        options["graph:factored"],
        options["graph:node_limit"],
        options["graph:conditional_edges_limit"],
        options["xml:line_numbers"],
        options["xml:default_values"],
        options["proto:default_values"],
    )
    order = options["order_output"]
    if order == "auto" and not options["order_results"]:
        order = "no"
    return result.render(options["output"], order, look=look)


def expression(context: Context) -> str:
    """The query: what stands on the command line, or in `--query_file`.  Raises UsageError."""
    path = context.options["query_file"]
    if path is not None:
        if context.arguments:
            raise UsageError("--query_file and an expression exclude each other")
        try:
            with open(os.path.join(context.directory, path), encoding="utf-8") as stream:
                text = stream.read()
        except (OSError, UnicodeDecodeError) as fault:
            raise UsageError(f"cannot read the query file {path}: {fault}") from None
    else:
        text = " ".join(context.arguments)
    if not text.strip():
        raise UsageError("no query is given", hint="for instance pybuild query 'deps(//base:static)'")
    return text
