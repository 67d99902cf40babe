"""`pybuild info [KEY…]`."""

from __future__ import annotations

import json

from rulesengine.cli.context import Context
from rulesengine.errors import UsageError, did_you_mean


def run(context: Context) -> int:
    """Print facts: all as `KEY: VALUE`, one as its value alone."""
    facts = context.workspace().info()
    as_json = context.options["output"] == "json"
    if not context.arguments and as_json:
        context.console.result(json.dumps(facts, indent=2, ensure_ascii=False))
        return 0
    if not context.arguments:
        for name, value in facts.items():
            context.console.result(f"{name}: {value}")
        return 0
    for name in context.arguments:
        if name not in facts:
            raise UsageError(f"unknown key {name!r}", hint=did_you_mean(name, facts) or "keys: " + " ".join(facts))
    if as_json:
        context.console.result(json.dumps({name: facts[name] for name in context.arguments}, indent=2))
        return 0
    for name in context.arguments:
        context.console.result(facts[name] if len(context.arguments) == 1 else f"{name}: {facts[name]}")
    return 0
