"""`pybuild version`."""

from __future__ import annotations

import json
import platform

from rulesengine import __version__
from rulesengine.cli.context import Context


def run(context: Context) -> int:
    """Print the version on standard output."""
    if context.options["output"] == "json":
        value = {"version": __version__, "python": f"{platform.python_implementation()} {platform.python_version()}"}
        context.console.result(json.dumps(value, indent=2))
        return 0
    context.console.result(f"pybuild {__version__}")
    return 0
