"""`pybuild help --output=json`: commands, flags and topics for programs (completion, generated documentation)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rulesengine.cli.commands.help import TOPICS
from rulesengine.cli.flags import COMMANDS, STARTUP, Command, Flag, flags_of
from rulesengine.errors import UsageError, did_you_mean


def document(words: list[str]) -> dict[str, Any]:
    """Everything, or what one word names: a command, a topic or a `--flag`.  Raises UsageError."""
    everything = {
        "commands": [_command(one) for one in COMMANDS],
        "startup": [_flag(one) for one in STARTUP],
        "topics": dict(TOPICS),
    }
    if not words:
        return everything
    word = words[0]
    name = word.lstrip("-").partition("=")[0]
    commands = [one for one in COMMANDS if one.name == word]
    topics = {one: text for one, text in TOPICS.items() if one == word}
    startup = [_flag(one) for one in STARTUP if word.startswith("-") and one.name in (name, name.removeprefix("no"))]
    takers = [one for one in COMMANDS if word.startswith("-") and _named(flags_of(one.name).values(), name)]
    if not (commands or topics or startup or takers):
        known = [*(one.name for one in COMMANDS), *TOPICS]
        raise UsageError(f"no help on {word!r}", hint=did_you_mean(word, known) or "topics: " + " ".join(TOPICS))
    if takers:
        shown = [_command(one) | {"flags": _named(flags_of(one.name).values(), name)} for one in takers]
    else:
        shown = [_command(one) for one in commands]
    return {"commands": shown, "startup": startup, "topics": topics}


def _named(flags: Iterable[Flag], name: str) -> list[dict[str, Any]]:
    return [_flag(one) for one in flags if one.name in (name, name.removeprefix("no"))]


def _command(one: Command) -> dict[str, Any]:
    return {
        "name": one.name,
        "summary": one.summary,
        "usage": one.usage,
        "text": one.text,
        "flags": [_flag(flag) for flag in flags_of(one.name).values()],
    }


def _flag(one: Flag) -> dict[str, Any]:
    return {
        "name": one.name,
        "short": one.short,
        "kind": one.kind,
        "usage": one.usage,
        "help": one.help,
        "default": one.default,
        "choices": list(one.choices),
    }
