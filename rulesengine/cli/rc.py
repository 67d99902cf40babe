"""rc files: default flags, as Bazel's .bazelrc, in the order system, workspace, home, --pybuildrc."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping

from rulesengine.cli.flags import ALL, STARTUP, flags_anywhere, flags_of
from rulesengine.cli.parsing import Options, read, read_flag
from rulesengine.errors import Location, UsageError, did_you_mean
from rulesengine.values import define, field, frozen

SYSTEM = "/etc/pybuild.pybuildrc"
NAME = ".pybuildrc"
_INHERITS = {
    "test": ("build",),
    "run": ("build",),
    "cquery": ("build", "test"),
    "aquery": ("build",),
    "explain": ("build",),
    "lock": ("build",),
    "info": ("build",),
    "clean": ("build",),
}
"""Lines of these commands count for a command too, and the command's own win (Bazel: its commands' `inherits`); flags
that it does not have are then passed over."""
SYSTEMS = {"linux": "linux", "darwin": "macos", "win32": "windows", "freebsd": "freebsd", "openbsd": "openbsd"}
"""sys.platform -> the name of the config that --enable_platform_specific_config takes in."""
_DEPTH = 20


@frozen
class RcLine:
    """One line: `COMMAND[:CONFIG] WORD…` and where it stands."""

    command: str
    config: str
    words: tuple[str, ...]
    location: Location


@define
class RcFiles:
    """The lines of all rc files in order.  looked_at: every path tried -> whether it was there."""

    lines: list[RcLine] = field(factory=list)
    looked_at: dict[str, bool] = field(factory=dict)

    def load(
        self, path: str, root: str | None, *, optional: bool, above: tuple[str, ...] = (), by: Location | None = None
    ) -> None:
        """Add the lines of a file and of what it imports.  Raises UsageError."""
        real = os.path.realpath(path)
        if real in above or len(above) > _DEPTH:
            raise UsageError("rc files import each other in a circle", location=by, notes=[*above, real])
        try:
            with open(path, encoding="utf-8") as stream:
                text = stream.read()
        except (FileNotFoundError, NotADirectoryError):
            self.looked_at[path] = False
            if optional:
                return
            raise UsageError(
                f"no rc file {path}", location=by, hint="write try-import where it may be absent"
            ) from None
        except (OSError, UnicodeDecodeError) as fault:
            raise UsageError(f"cannot read the rc file {path}: {fault}", location=by) from None
        self.looked_at[path] = True
        for number, words in _lines(path, text):
            here = Location(path, number)
            first = words[0]
            if first in ("import", "try-import"):
                if len(words) != 2:
                    raise UsageError(f"{first} takes one file", location=here)
                named = words[1]
                if "%workspace%" in named:
                    if root is None:
                        if first == "try-import":
                            continue
                        raise UsageError("%workspace% stands for nothing outside a workspace", location=here)
                    named = named.replace("%workspace%", root)
                # Bazel reads a relative name from the workspace; beside the file is where people put it.
                named = os.path.join(root or os.path.dirname(path), os.path.expanduser(named))
                self.load(named, root, optional=first == "try-import", above=(*above, real), by=here)
                continue
            name, _, config = first.partition(":")
            if name not in (*ALL, "common", "always", "startup"):
                raise UsageError(
                    f"unknown command {name!r} in an rc file",
                    location=here,
                    hint=did_you_mean(name, [*ALL, "common", "startup", "import", "try-import"]),
                )
            if len(words) > 1:
                self.lines.append(RcLine(name, config, tuple(words[1:]), here))

    def startup(self, options: Options) -> None:
        """Read `startup` lines.  Raises UsageError."""
        table = {one.name: one for one in STARTUP}
        for line in self.lines:
            if line.command == "startup":
                rest = list(line.words)
                while rest:
                    if not rest[0].startswith("-"):
                        raise UsageError(f"{rest[0]!r} is not a startup flag", location=line.location)
                    rest = read_flag(rest, table, options, str(line.location))

    def apply(
        self, command: str, options: Options, config: str = "", active: tuple[str, ...] = ()
    ) -> list[tuple[RcLine, tuple[str, ...]]]:
        """Read the lines for a command (of one config) into `options`; what was read.  Raises UsageError."""
        used: list[tuple[RcLine, tuple[str, ...]]] = []
        kinds = ("common", "always", *_INHERITS.get(command, ()), command)
        for kind in kinds:
            for line in self.lines:
                if line.command != kind or line.config != config:
                    continue
                # Bazel's build takes flags of test, so that rc files give them there.
                words = line.words if kind == command != "build" else _known(line, command)
                if not words:
                    continue
                used.append((line, words))
                for word in self._expand(words):
                    if isinstance(word, str):
                        used += self.config(command, options, word, (*active, config), line.location)
                        continue
                    left = read(command, word, options, str(line.location))
                    if left:
                        raise UsageError(
                            f"{left[0]!r} is not a flag, and rc files hold flags only", location=line.location
                        )
        return used

    def config(
        self, command: str, options: Options, name: str, active: tuple[str, ...] = (), by: Location | None = None
    ) -> list[tuple[RcLine, tuple[str, ...]]]:
        """Read what `--config=name` stands for.  Raises UsageError where no line defines it."""
        if name in active:
            raise UsageError(f"--config={name} is defined by itself", location=by)
        known = {line.config for line in self.lines if line.config}
        if name not in known:
            hint = did_you_mean(name, known) or f"define it in {NAME}: build:{name} --FLAG"
            raise UsageError(f"no rc file defines --config={name}", location=by, hint=hint)
        return self.apply(command, options, name, active)

    def platform(self, command: str, options: Options) -> list[tuple[RcLine, tuple[str, ...]]]:
        """Read the lines for this machine's operating system, where any are defined; what was read."""
        name = next((name for start, name in SYSTEMS.items() if sys.platform.startswith(start)), "")
        if not any(line.config == name for line in self.lines):
            return []
        return self.apply(command, options, name)

    @staticmethod
    def _expand(words: tuple[str, ...]) -> Iterator[str | list[str]]:
        """Runs of plain words, and the names of --config flags between them."""
        run: list[str] = []
        rest = iter(words)
        for word in rest:
            if word == "--config" or word.startswith("--config="):
                if run:
                    yield run
                    run = []
                yield word.partition("=")[2] if "=" in word else next(rest, "")
            else:
                run.append(word)
        if run:
            yield run


def _known(line: RcLine, command: str) -> tuple[str, ...]:
    """The words of a shared line that the command has a flag for.  A flag that no command has is an error."""
    mine, anywhere = flags_of(command), flags_anywhere()
    out: list[str] = []
    rest = list(line.words)
    while rest:
        probe = Options({name: [] if one.kind == "list" else one.default for name, one in anywhere.items()})
        if not rest[0].startswith("-"):
            raise UsageError(f"{rest[0]!r} is not a flag, and rc files hold flags only", location=line.location)
        try:
            after = read_flag(rest, anywhere, probe, str(line.location))
        except UsageError as fault:
            fault.location = fault.location or line.location
            raise
        if probe.given[0] in mine:
            out += rest[: len(rest) - len(after)]
        rest = after
    return tuple(out)


def _lines(path: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Logical lines, split as a shell splits words; a backslash at the end joins lines."""
    import shlex

    number, start, joined = 0, 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        start = start or number
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        joined += line
        try:
            words = shlex.split(joined, comments=True)
        except ValueError as fault:
            raise UsageError(f"cannot read this line: {fault}", location=Location(path, start)) from None
        if words:
            yield start, words
        start, joined = 0, ""


def find(startup: Options, root: str | None, environment: Mapping[str, str]) -> RcFiles:
    """Read the rc files that the startup options leave on.  Raises UsageError."""
    files = RcFiles()
    if startup["ignore_all_rc_files"]:
        return files
    home = environment.get("HOME") or os.path.expanduser("~")
    workspace = os.path.join(root, NAME) if root else None
    personal = os.path.join(home, NAME)
    if startup["system_rc"]:
        files.load(SYSTEM, root, optional=True)
    if startup["workspace_rc"] and workspace:
        files.load(workspace, root, optional=True)
    if startup["home_rc"] and personal != workspace:
        files.load(personal, root, optional=True)
    for path in startup["pybuildrc"]:
        if path == "/dev/null":
            break
        files.load(os.path.abspath(path), root, optional=False)
    return files
