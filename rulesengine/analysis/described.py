"""Actions as aspects see them: `target.actions`."""

from __future__ import annotations

import json
from typing import Any

from rulesengine.model.action import Action, Argument, PathArgument
from rulesengine.model.artifact import Artifact
from rulesengine.model.label import Label


def described(action: Action) -> dict[str, Any]:
    """Plain data for the prelude.  argv: None for an action that runs no process; content: of a written file."""
    content, substitutions = None, None
    flags = dict(zip(action.arguments, action.arguments[1:], strict=False)) if action.op is not None else {}
    written = flags.get("--content")
    if isinstance(written, str):
        content = written
    given = flags.get("--substitutions")
    if isinstance(given, str):
        substitutions = json.loads(given)
    return {
        "mnemonic": action.mnemonic,
        "argv": None if action.op is not None or not action.arguments else [_text(one) for one in action.arguments],
        "content": content,
        "substitutions": substitutions,
        "env": dict(action.environment),
        "inputs": [_file(one) for one in action.inputs.to_list()],
        "outputs": [_file(one) for one in action.outputs],
    }


def _text(argument: Argument) -> str:
    if isinstance(argument, PathArgument):
        return argument.format.replace("%s", argument.artifact.path)
    return argument if isinstance(argument, str) else ""


def _file(artifact: Artifact) -> list[Any]:
    owner = Label.parse(artifact.owner)
    return [
        artifact.path,
        artifact.root,
        artifact.short_path,
        [owner.repo, owner.package, owner.name],
        artifact.is_source,
        artifact.kind,
    ]
