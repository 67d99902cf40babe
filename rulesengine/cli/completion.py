"""What may stand at the cursor of a command line: the hidden command `pybuild __complete`, which shells' scripts ask.

Never fails, never prints an error, and looks at one directory and one package at most.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress

from rulesengine.cli.flags import COMMANDS, STARTUP, Flag, command, flags_of
from rulesengine.errors import RulesEngineError
from rulesengine.workspace.places import default_cache, default_output_base, find_root

BUILD_FILES = ("BUILD.bazel", "BUILD")
FILES = ":files"
"""A line of its own: the shell completes paths itself."""
_PLATFORMS = (
    "linux/amd64",
    "linux/arm64/v8",
    "linux/arm/v7",
    "linux/386",
    "linux/ppc64le",
    "linux/riscv64",
    "linux/s390x",
)
_WORDS = {
    "info": (
        "workspace", "output_base", "cache", "pybuild-bin", "release",
    ),
    "cache": ("stats",),
    "dump": ("action_cache", "outputs", "uses"),
    "completion": ("bash", "zsh", "fish"),
}  # fmt: skip

Candidate = tuple[str, str]
"""What to insert (with a blank at its end where the word is whole), and what it is."""


def main(words: Sequence[str]) -> int:
    """`__complete SHELL -- WORD… CURRENT`, or `__complete bash LINE WORDBREAKS`: print candidates, one a line."""
    try:
        shell, *rest = words
        breaks = ""
        if shell == "bash":
            line, breaks = rest
            typed = _split(line)
        else:
            typed = list(rest[1:] if rest[:1] == ["--"] else rest)
        *before, current = typed or [""]
        skipped = _skipped(current, breaks)
    except ValueError:
        return 0
    out: list[str] = []
    try:
        for value, meaning in candidates(before, current, os.getcwd()):
            if value == FILES:
                out = [FILES]
                break
            out.append(value[skipped:] if shell == "bash" else f"{value}\t{meaning}")
    except (RulesEngineError, OSError):  # outside of a workspace, in a directory that is gone: what was found so far
        pass
    with suppress(OSError):
        sys.stdout.write("".join(f"{line}\n" for line in out))
    return 0


def _split(line: str) -> list[str]:
    """The words of a line up to the cursor, as a shell would see them; a quote may be open."""
    words = [""]
    quote = ""
    escaped = False
    for one in line.lstrip():
        if escaped:
            words[-1] += one
            escaped = False
        elif one == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if one == quote else quote
            words[-1] += one if quote else ""
        elif one in "'\"":
            quote = one
        elif one.isspace():
            if words[-1]:
                words.append("")
        else:
            words[-1] += one
    return words


def _skipped(current: str, breaks: str) -> int:
    """How much of the word bash does not replace: what stands before the last of its word breaks."""
    return max((current.rfind(one) + 1 for one in breaks if one in ":=@"), default=0)


def candidates(before: Sequence[str], current: str, here: str) -> Iterator[Candidate]:
    """What may stand for `current` after the words `before`."""
    here, rest = _startup(list(before), here)
    name = (
        next((word for word in rest if command(word) is not None), None) if rest and not _is_target(rest[0]) else None
    )
    if name is None and rest and not rest[0].startswith("-"):
        name = "build"
    if name == "help":
        yield from _starting(current, [(f"{one.name} ", one.summary) for one in COMMANDS])
        return
    if rest and "--" in rest and name == "run":
        yield FILES, ""
        return
    table = flags_of(name or "build")
    waiting = _flag(rest[-1] if rest else "", table)
    if waiting is not None and waiting.kind != "bool" and not waiting.optional and "=" not in rest[-1]:
        yield from _values(waiting, "", current, here)
        return
    if current.startswith("--") and "=" in current:
        text, _, value = current.partition("=")
        flag = _flag(text, table)
        if flag is not None:
            yield from _values(flag, f"{text}=", value, here)
        return
    if current.startswith("-") and not current.startswith("-/") and "--" not in rest:
        flags = [*table.values(), *(STARTUP if name is None else ())]
        yield from _starting(current, [one for flag in flags for one in _spellings(flag)])
        return
    if name is None:
        yield from _starting(current, [(f"{one.name} ", one.summary) for one in COMMANDS])
        if not current or command(current) is None:
            yield from labels(current, here, "build") if current else ()
        return
    if name in _WORDS:
        yield from _starting(current, [(f"{word} ", "") for word in _WORDS[name]])
        return
    if name in ("lint", "docs", "init"):
        yield FILES, ""
        return
    found = command(name)
    if found is not None and (found.targets or name == "build"):
        # In a query, a label may stand after a bracket or a comma.
        start = max(current.rfind(one) for one in "(, ") + 1 if name in ("query", "cquery", "aquery") else 0
        minus = 1 if "--" in rest and current.startswith("-") else 0
        head = current[: start + minus]
        for value, meaning in labels(current[start + minus :], here, name):
            yield head + (value if not start else value.rstrip()), meaning


def _startup(words: list[str], here: str) -> tuple[str, list[str]]:
    """The directory that -C names, and the words from the command on."""
    table = {one.name: one for one in STARTUP}
    rest = words[1:]
    while rest and rest[0].startswith("-"):
        word = rest[0]
        flag = _flag(word, table)
        if flag is None:
            break
        value = word.partition("=")[2] if "=" in word else word[2:] if not word.startswith("--") else ""
        takes = flag.kind != "bool" and not value
        if takes and len(rest) < 2:
            break
        if flag.name == "directory":
            here = os.path.join(here, os.path.expanduser(value or rest[1]))
        rest = rest[2 if takes else 1 :]
    return here, rest


def _is_target(word: str) -> bool:
    return word.startswith(("//", ":", "@", "-")) or "/" in word


def _flag(word: str, table: dict[str, Flag]) -> Flag | None:
    if word.startswith("--"):
        text = word[2:].partition("=")[0]
        return table.get(text) or table.get(text.removeprefix("no"))
    if len(word) >= 2 and word[0] == "-":
        return next((one for one in table.values() if one.short == word[1]), None)
    return None


def _spellings(flag: Flag) -> Iterator[Candidate]:
    if flag.name == "setting":
        return
    if flag.kind == "bool":
        yield f"--{flag.name} ", flag.help
        yield f"--no{flag.name} ", flag.help
    else:
        yield f"--{flag.name}=", flag.help


def _values(flag: Flag, head: str, value: str, here: str) -> Iterator[Candidate]:
    if flag.kind == "path":
        yield FILES, ""
    elif flag.choices:
        yield from (
            (head + one, meaning) for one, meaning in _starting(value, [(f"{one} ", "") for one in flag.choices])
        )
    elif flag.name == "config":
        yield from ((head + one, "") for one, _ in _starting(value, [(f"{one} ", "") for one in _configs(here)]))
    elif flag.name in ("platforms", "host_platform"):
        yield from ((head + one, "") for one, _ in _starting(value, [(f"{one} ", "") for one in _PLATFORMS]))
        yield from ((head + one, what) for one, what in labels(value, here, "build") if value.startswith("//"))
    elif flag.metavar.startswith(("LABEL", "PATTERN")):
        yield from ((head + one, what) for one, what in labels(value, here, "build"))


def _configs(here: str) -> list[str]:
    """The names that rc files define."""
    from rulesengine.cli.parsing import defaults
    from rulesengine.cli.rc import find

    files = find(defaults(STARTUP), find_root(here), os.environ)
    return sorted({line.config for line in files.lines if line.config})


def _starting(word: str, among: Sequence[Candidate]) -> Iterator[Candidate]:
    for value, meaning in among:
        if value.startswith(word):
            yield value, meaning


# ---- labels -------------------------------------------------------------------


def labels(word: str, here: str, name: str) -> Iterator[Candidate]:
    """Packages, targets and patterns that begin with `word`."""
    if word.startswith("@"):
        return
    root = find_root(here)
    inside = os.path.relpath(os.path.realpath(here), os.path.realpath(root))
    inside = "" if inside == "." else inside
    if ":" in word:
        package, _, prefix = word.partition(":")
        full = package.removeprefix("//") if package.startswith("//") else "/".join(filter(None, (inside, package)))
        yield from _targets(root, full, f"{package}:", prefix, name)
        return
    if not word:
        yield "//", "the workspace"
        yield from _targets(root, inside, ":", "", name)
        return
    absolute = word.startswith("//")
    if word == "/":
        yield "//", "the workspace"
        return
    text = word.removeprefix("//")
    above, slash, last = text.rpartition("/")
    full = above if absolute else "/".join(filter(None, (inside, above)))
    head = ("//" if absolute else "") + above + slash
    for entry in sorted(_directories(os.path.join(root, full))):
        if not entry.startswith(last):
            continue
        directory = os.path.join(root, full, entry)
        if _is_package(directory):
            yield f"{head}{entry}:", "package"
        if next(_directories(directory), None) is not None:
            yield f"{head}{entry}/", "directory"
    if (absolute or slash) and "...".startswith(last) and name != "run":
        yield f"{head}... ", "everything below"
    if absolute and not text and _is_package(root):
        yield "//:", "package"


def _directories(path: str) -> Iterator[str]:
    with os.scandir(path) as listing:
        for entry in listing:
            if not entry.name.startswith((".", "pybuild-", "bazel-")) and entry.is_dir(follow_symlinks=False):
                yield entry.name


def _is_package(directory: str) -> bool:
    return any(os.path.isfile(os.path.join(directory, name)) for name in BUILD_FILES)


def _targets(root: str, package: str, head: str, prefix: str, name: str) -> Iterator[Candidate]:
    if not _is_package(os.path.join(root, package)):
        return
    from rulesengine.workspace.names import FILE, PROGRAM, TEST, target_names
    from rulesengine.workspace.workspace import Workspace

    wanted = {"run": (PROGRAM, TEST), "test": (TEST,), "lock": ()}.get(name)
    cache = default_cache(os.environ)
    workspace = Workspace(root, cache=cache, output_base=default_output_base(cache, root))
    names = target_names(workspace, package)
    for target, kind, rule in sorted(names):
        if not target.startswith(prefix):
            continue
        if name == "lock":
            if rule != "deb_archive":
                continue
        elif (wanted is not None and kind not in wanted) or (kind == FILE and name == "build" and rule == "source"):
            continue
        yield f"{head}{target} ", rule
    if names and (wanted is None or name == "test"):
        yield from _starting_patterns(head, prefix)


def _starting_patterns(head: str, prefix: str) -> Iterator[Candidate]:
    if "all".startswith(prefix):
        yield f"{head}all ", "all rules of the package"
