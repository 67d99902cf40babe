"""`pybuild help [COMMAND|TOPIC|--FLAG]`, all from the table of flags."""

from __future__ import annotations

import json
import textwrap

from rulesengine.cli.context import Context
from rulesengine.cli.exit_codes import EXIT_CODES
from rulesengine.cli.flags import COMMANDS, STARTUP, Command, Flag, command, flags_anywhere, flags_of
from rulesengine.errors import UsageError, did_you_mean
from rulesengine.lint.warnings import WARNINGS

_WIDTH = 100


def _exit_codes() -> str:
    return "".join(
        textwrap.fill(one.meaning, _WIDTH, initial_indent=f"{one.code:<4}", subsequent_indent="    ") + "\n"
        for one in EXIT_CODES
    )


GROUPS = {
    "Make": ("build", "test", "run"),
    "Ask": ("query", "cquery", "aquery", "explain", "affected", "graph"),
    "Write": ("init", "lock", "lint", "docs"),
    "Look after": ("info", "clean", "gc", "fsck", "cache", "dump"),
    "Help": ("completion", "help", "version"),
}
"""How the overview orders the commands."""

TOPICS = {
    "exit-codes": _exit_codes(),
    "rc-files": "Read in this order, later ones win: /etc/pybuild.pybuildrc, .pybuildrc beside MODULE.bazel,\n"
    "~/.pybuildrc, files named by --pybuildrc. Each line is COMMAND FLAG…; `common` is for all commands,\n"
    "`startup` for startup flags, COMMAND:NAME for --config=NAME. `import FILE` and `try-import FILE` read another\n"
    "file; %workspace% is the workspace's root. # begins a comment, a backslash at the end continues a line.\n",
    "environment": "PYBUILD_CACHE    the cache directory (default: $XDG_CACHE_HOME/pybuild, ~/.cache/pybuild)\n"
    "PYBUILD_MIRROR   mirrors of package archives, as --mirror takes them\n"
    "NO_COLOR         no colours\n",
    "target-syntax": "//a:b      the target b of package a        //a        the same as //a:a\n"
    ":b         a target of this directory       //a:all    all rules of package a (//a:* files too)\n"
    "//a/...    all packages below a             //...      the whole workspace\n"
    "-- -//a:b  without //a:b\n",
    "warnings": "".join(f"{one.name:18} {one.meaning}{'' if one.on else ' (off)'}\n" for one in WARNINGS),
}


def run(context: Context) -> int:
    """Print help on standard output."""
    words = context.arguments
    if context.options.values.get("output") == "json":
        from rulesengine.cli.help_json import document

        context.console.result(json.dumps(document(words), indent=2, ensure_ascii=False))
        return 0
    console = context.console
    if not words:
        console.stdout.write(overview())
        return 0
    word = words[0]
    found = command(word)
    if found is not None:
        console.stdout.write(command_help(found))
        return 0
    if word in TOPICS:
        console.stdout.write(TOPICS[word])
        return 0
    if word in ("startup", "startup_options"):
        console.stdout.write("".join(flag_help(flag) for flag in STARTUP))
        return 0
    name = word.lstrip("-").partition("=")[0]
    flags = {**flags_anywhere(), **{one.name: one for one in STARTUP}}
    flag = flags.get(name) or flags.get(name.removeprefix("no"))
    if flag is not None and word.startswith("-"):
        console.stdout.write(flag_help(flag))
        return 0
    names = [*(one.name for one in COMMANDS), *TOPICS, *(f"--{one}" for one in flags)]
    raise UsageError(f"no help on {word!r}", hint=did_you_mean(word, names) or "topics: " + " ".join(TOPICS))


def overview() -> str:
    """The list of commands and topics."""
    lines = ["pybuild builds what BUILD files declare.", "", "Usage: pybuild [-C DIR] COMMAND [FLAGS] [TARGET…]",
             "       pybuild LABEL          (the same as pybuild build LABEL)"]  # fmt: skip
    named = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, "More": tuple(one.name for one in COMMANDS if one.name not in named)}
    for title, names in groups.items():
        if names:
            lines += ["", f"{title}:"]
            lines += [f"  {one.name:<12}{one.summary}" for name in names if (one := command(name)) is not None]
    lines += ["", "Topics for pybuild help: startup " + " ".join(TOPICS), ""]
    lines += ["First steps:  pybuild init hello && pybuild -C hello //base:static", ""]
    return "\n".join(lines)


def command_help(found: Command) -> str:
    """A command's page."""
    out = f"{found.usage}\n\n{found.summary[0].upper()}{found.summary[1:]}.\n"
    if found.text:
        out += found.text + "\n"
    return out + "\nFlags:\n" + "".join(flag_help(flag) for flag in flags_of(found.name).values())


def flag_help(flag: Flag) -> str:
    """A flag's entry: how it is written, what it does, its default."""
    text = flag.help
    if flag.kind == "bool":
        text += f" (default: {'yes' if flag.default else 'no'})"
    elif flag.default not in (None, "", 0):
        text += f" (default: {flag.default})"
    if flag.kind == "list":
        text += "; may be given several times"
    body = textwrap.fill(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return f"  {flag.usage}\n{body}\n"
