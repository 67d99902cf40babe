"""Reading a command line by the table of flags: Bazel's spelling, with near names when a word is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rulesengine.cli.flags import COMMANDS, STARTUP, Flag, command, flags_anywhere, flags_of
from rulesengine.errors import UsageError, check_text, did_you_mean
from rulesengine.values import define, field, frozen

_TRUE = {"1", "true", "yes", "t", "y"}
_FALSE = {"0", "false", "no", "f", "n"}


@define
class Options:
    """Values of flags by name; what was not given has its default.  given: names in the order written."""

    values: dict[str, Any]
    given: list[str] = field(factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def take(self, flag: Flag, value: Any) -> None:
        """Record one occurrence: lists grow, everything else is replaced."""
        if flag.kind == "list":
            self.values[flag.name] = [*self.values[flag.name], value]
        else:
            self.values[flag.name] = value
        self.given.append(flag.name)


@frozen
class Line:
    """A command line taken apart: startup options, the command, its arguments as written."""

    startup: Options
    command: str
    arguments: tuple[str, ...]


def defaults(flags: Iterable[Flag]) -> Options:
    """Every flag at its default."""
    return Options({one.name: [] if one.kind == "list" else one.default for one in flags})


def split(words: Sequence[str]) -> Line:
    """Startup options, then the command; `pybuild LABEL` means `pybuild build LABEL`.  Raises UsageError."""
    startup = defaults(STARTUP)
    table = {one.name: one for one in STARTUP}
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "--":
        word = rest[0]
        if word in ("-h", "--help", "-help"):
            return Line(startup, "help", tuple(rest[1:]))
        if word in ("-V", "--version", "-v"):
            return Line(startup, "version", ())
        name = word.lstrip("-").partition("=")[0]
        if (
            word.startswith("--")
            and name not in table
            and name.removeprefix("no") not in table
            and _is_command_flag(name)
        ):
            # A flag of build where the command should be: `pybuild --jobs=2 //a` is what people type.
            return Line(startup, "build", tuple(rest))
        if word.startswith(("--//", "--@", "--no//", "--no@")):
            return Line(startup, "build", tuple(rest))
        if word.startswith("-") and not word.startswith("--") and word[1:2] in ("j", "k"):
            return Line(startup, "build", tuple(rest))
        rest = read_flag(rest, table, startup, "a startup flag (before the command)")
    if not rest:
        return Line(startup, "help", ())
    first = rest[0]
    if command(first) is not None:
        return Line(startup, first, tuple(rest[1:]))
    if first == "--" or looks_like_target(first):
        return Line(startup, "build", tuple(rest))
    names = [one.name for one in COMMANDS]
    raise UsageError(
        f"unknown command {first!r}",
        hint=did_you_mean(first, names) or f"commands: {' '.join(names)}; a target is written //{first} or :{first}",
    )


def _is_command_flag(name: str) -> bool:
    known = flags_anywhere()
    return name in known or (name.startswith("no") and name[2:] in known)


def looks_like_target(word: str) -> bool:
    """Whether a word in the command's place can only be a target."""
    return word.startswith(("//", "@", ":", "-//")) or ":" in word or "/" in word or word == "..."


def read(name: str, arguments: Sequence[str], options: Options, source: str = "") -> list[str]:
    """Read a command's flags into `options`; the words left over (targets, expressions).  Raises UsageError."""
    table = flags_of(name)
    left: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest[0]
        if word == "--":
            left += rest[1:]
            break
        if not word.startswith("-") or word == "-":
            left.append(word)
            rest = rest[1:]
            continue
        if word.startswith(("-//", "-:", "-@")):
            raise UsageError(f"{word!r} looks like a flag", hint=f"write exclusions after --, as in: //... -- {word}")
        if word in ("--help", "-h") and not source:
            options.values["help"] = True
            rest = rest[1:]
            continue
        rest = read_flag(rest, table, options, source or f"pybuild {name}")
    return left


def read_flag(rest: list[str], table: dict[str, Flag], options: Options, where: str) -> list[str]:
    """Read the flag at the beginning of `rest`; what follows it.  Raises UsageError."""
    word = rest[0]
    if not word.startswith("--"):
        return _read_short(rest, table, options, where)
    text, equals, value = word[2:].partition("=")
    if text.startswith(("//", "@", ":", "no//", "no@", "no:")) and "setting" in table:
        check_text(word, f"--{text} ({where})")
        options.take(table["setting"], word[2:])
        return rest[1:]
    flag = table.get(text) or table.get(text.replace("-", "_"))
    if flag is None and text.startswith("no"):
        positive = table.get(text[2:].lstrip("_")) or table.get(text[2:].replace("-", "_"))
        if positive is not None and positive.kind == "bool":
            if equals:
                raise UsageError(
                    f"--{text} takes no value ({where})", hint=f"write --{text} or --{positive.name}={value}"
                )
            options.take(positive, False)
            return rest[1:]
        if positive is not None and positive.kind == "choice" and "no" in positive.choices and not equals:
            options.take(positive, "no")
            return rest[1:]
    if flag is None:
        raise _unknown(text, table, where)
    if flag.kind == "bool":
        options.take(flag, _boolean(flag, value, where) if equals else True)
        return rest[1:]
    if flag.optional and not equals:
        options.take(flag, "yes")
        return rest[1:]
    if equals:
        options.take(flag, _value(flag, value, where))
        return rest[1:]
    if len(rest) < 2:
        raise UsageError(f"--{flag.name} lacks its value ({where})", hint=f"write {flag.usage}")
    options.take(flag, _value(flag, rest[1], where))
    return rest[2:]


def _read_short(rest: list[str], table: dict[str, Flag], options: Options, where: str) -> list[str]:
    word = rest[0]
    flag = next((one for one in table.values() if one.short and one.short == word[1:2]), None)
    if flag is None:
        raise _unknown(word, table, where)
    value = word[2:].removeprefix("=")
    if flag.optional and not word[2:]:
        options.take(flag, "yes")
        return rest[1:]
    if flag.kind == "bool":
        if word[2:] not in ("", "-"):
            raise _unknown(word, table, where)
        options.take(flag, word[2:] != "-")
        return rest[1:]
    if word[2:]:
        options.take(flag, _value(flag, value, where))
        return rest[1:]
    if len(rest) < 2:
        raise UsageError(f"-{flag.short} lacks its value ({where})", hint=f"write {flag.usage}")
    options.take(flag, _value(flag, rest[1], where))
    return rest[2:]


def _unknown(text: str, table: dict[str, Flag], where: str) -> UsageError:
    name = text if text.startswith("-") else f"--{text}"
    if text in {one.name for one in STARTUP} and not any(one.name == text for one in table.values()):
        return UsageError(f"{name} is a startup flag ({where})", hint=f"write it before the command: pybuild {name} …")
    elsewhere = flags_anywhere().get(text.removeprefix("no") if text not in flags_anywhere() else text)
    if elsewhere is not None and elsewhere.name not in table:
        return UsageError(
            f"{name} is not a flag of this command ({where})", hint=f"{', '.join(elsewhere.commands)} take it"
        )
    near = did_you_mean(
        name, [f"--{one}" for one in table] + [f"--no{one.name}" for one in table.values() if one.kind == "bool"]
    )
    return UsageError(f"unknown flag {name} ({where})", hint=near or "run pybuild help COMMAND for its flags")


def _boolean(flag: Flag, text: str, where: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise UsageError(f"--{flag.name}={text}: it is yes or no ({where})", hint=f"write --{flag.name} or --no{flag.name}")


def _value(flag: Flag, text: str, where: str) -> Any:
    if flag.kind == "int":
        try:
            return int(text)
        except ValueError:
            raise UsageError(f"--{flag.name}={text}: it is a number ({where})") from None
    if flag.kind == "choice" and text not in flag.choices:
        spelt = {"1": "yes", "0": "no", "true": "yes", "false": "no"}.get(text.lower())
        if spelt in flag.choices:
            return spelt
        raise UsageError(
            f"--{flag.name}={text}: it is one of {', '.join(flag.choices)} ({where})",
            hint=did_you_mean(text, flag.choices),
        )
    if flag.kind == "path":
        if not text:
            raise UsageError(f"--{flag.name} has an empty value ({where})", hint=f"write {flag.usage}")
    else:
        check_text(text, f"--{flag.name} ({where})")
    return text
