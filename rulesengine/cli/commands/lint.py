"""`pybuild lint [FILE|PATTERN…]`."""

from __future__ import annotations

import json

from rulesengine.cli.context import Context

EXIT_FINDINGS = 3


def run(context: Context) -> int:
    """Print the findings; exit with 3 when there are any."""
    workspace = context.workspace()
    fixed: dict[str, int] = {}
    with context.watching() as listener:
        if context.options["fix"]:
            fixed = workspace.fix(
                *context.arguments,
                warnings=context.options["warnings"] or (),
                directory=context.directory,
                listener=listener,
                cancel=context.cancel,
            )
        findings = workspace.lint(
            *context.arguments,
            warnings=context.options["warnings"] or (),
            directory=context.directory,
            listener=listener,
            cancel=context.cancel,
        )
    console = context.console
    if fixed:
        number = sum(fixed.values())
        context.console.info(
            f"{number} finding{'s' * (number > 1)} put right in {len(fixed)} file{'s' * (len(fixed) > 1)}: "
            + ", ".join(sorted(fixed))
        )
    if context.options["output"] == "json":
        console.result(json.dumps([one.as_json() for one in findings], indent=2, ensure_ascii=False))
    else:
        for one in findings:
            console.result(str(one))
        console.stdout.flush()
        if findings:
            files = len({one.location.path for one in findings})
            console.info(f"{len(findings)} finding{'s' * (len(findings) > 1)} in {files} file{'s' * (files > 1)}")
    return EXIT_FINDINGS if findings else 0
