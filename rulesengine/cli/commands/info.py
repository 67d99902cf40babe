"""`pybuild info [KEY…]`."""

from __future__ import annotations

import json

from rulesengine.cli.context import Context
from rulesengine.errors import UsageError, did_you_mean

OURS = {"bazel-bin": "pybuild-bin", "bazel-genfiles": "pybuild-bin", "bazel-testlogs": "pybuild-testlogs"}
"""Keys of Bazel's whose names hold its own."""


def run(context: Context) -> int:
    """Print facts: all as `KEY: VALUE`, one as its value alone."""
    facts = context.workspace().info()
    names = [OURS.get(name, name) for name in context.arguments]
    as_json = context.options["output"] == "json"
    if not context.arguments and as_json:
        context.console.result(json.dumps(facts, indent=2, ensure_ascii=False))
        return 0
    if not context.arguments:
        for name, value in facts.items():
            context.console.result(f"{name}: {value}")
        return 0
    for name in names:
        if name not in facts:
            raise UsageError(f"unknown key {name!r}", hint=did_you_mean(name, facts) or "keys: " + " ".join(facts))
    if as_json:
        context.console.result(
            json.dumps({given: facts[name] for given, name in zip(context.arguments, names, strict=True)}, indent=2)
        )
        return 0
    for given, name in zip(context.arguments, names, strict=True):
        context.console.result(facts[name] if len(names) == 1 else f"{given}: {facts[name]}")
    return 0
