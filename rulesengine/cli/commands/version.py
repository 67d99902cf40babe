"""`pybuild version`."""

from __future__ import annotations

from rulesengine import __version__
from rulesengine.cli.context import Context


def run(context: Context) -> int:
    """Print the version on standard output."""
    context.console.result(f"pybuild {__version__}")
    return 0
