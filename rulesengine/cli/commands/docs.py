"""`pybuild docs [FILE|LABEL…]`."""

from __future__ import annotations

import json

from rulesengine.cli.context import Context


def run(context: Context) -> int:
    """Print the reference of .bzl files."""
    workspace = context.workspace()
    with context.watching() as listener:
        files = workspace.docs(
            *context.arguments, directory=context.directory, listener=listener, cancel=context.cancel
        )
    if context.options["output"] == "json":
        from rulesengine.reference.stardoc import module_info

        context.console.result(json.dumps([module_info(one) for one in files], indent=2, ensure_ascii=False))
    else:
        from rulesengine.reference.markdown import markdown

        context.console.stdout.write(markdown(files))
    return 0
