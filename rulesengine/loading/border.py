"""The one border to starlark-pyo3: parse, evaluate, and errors as our own.

starlark-pyo3 carries only text in its errors and loses Python exceptions that were raised in
callables; `Guard` keeps them.  Frames of trusted files (the prelude, shipped rules) are left
out of what a user sees wherever there is a frame of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import starlark as sl

from rulesengine.errors import LoadingError, Location, RulesEngineError, SyntaxFault
from rulesengine.loading.rewrite import Rewritten, rewrite

_LIBRARY = sl.LibraryExtension
GLOBALS = sl.Globals.extended_by(
    [
        _LIBRARY.StructType,
        _LIBRARY.Json,
        _LIBRARY.CallStack,
        _LIBRARY.Print,
        _LIBRARY.Partial,
        _LIBRARY.Map,
        _LIBRARY.Filter,
    ]
)
MAX_CALL_STACK = 2000
"""Starlark frames; more than 10,000 overflow a thread's native stack."""
MAX_NESTING = 200
"""Brackets nested deeper than this are refused before parsing: 5,000 crash the parser."""
MAX_SOURCE_BYTES = 16 << 20
"""A BUILD or .bzl file larger than this is refused."""

_FRAME = re.compile(r"^  \* (?P<path>.*?):(?P<line>\d+), in (?P<function>.*)$")
_ARROW = re.compile(r"^ *--> (?P<path>.*):(?P<line>\d+):(?P<column>\d+)$")


def _dialect(**switches: bool) -> Any:
    dialect = sl.Dialect.standard()
    for name, value in switches.items():
        setattr(dialect, name, value)
    return dialect


BZL = _dialect(enable_keyword_only_arguments=True, enable_load_reexport=False, enable_f_strings=False)
BUILD = _dialect(enable_def=False, enable_lambda=False, enable_load_reexport=False, enable_keyword_only_arguments=True)
INTERNAL = sl.Dialect.extended()
INTERNAL.enable_load_reexport = False


class Guard:
    """Wraps Python callables so that the exception they raise survives its way through Starlark."""

    def __init__(self) -> None:
        self.caught: BaseException | None = None

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except BaseException as fault:
                self.caught = fault
                raise

        return guarded


class SourceTexts:
    """The text of every evaluated file by the name it was parsed under, for excerpts."""

    def __init__(self) -> None:
        self._texts: dict[str, Rewritten] = {}

    def add(self, path: str, text: Rewritten) -> None:
        """Remember a file's text as written and as rewritten."""
        self._texts[path] = text

    def line(self, path: str, number: int) -> str:
        """A line of a file as its author wrote it, from 1; empty when unknown."""
        text = self._texts.get(path)
        if text is None:
            return ""
        lines = text.original.split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def column(self, path: str, line: int, column: int) -> int:
        """The author's column for a column of the rewritten text."""
        text = self._texts.get(path)
        return column if text is None else text.original_column(line, column)

    def location(self, path: str, line: int, column: int = 0, width: int = 1) -> Location:
        """A Location with a caret excerpt; column 0: the first character that is not blank."""
        text = self.line(path, line)
        if column:
            column = self.column(path, line, column)
        elif text.strip():
            column = len(text) - len(text.lstrip()) + 1
            width = len(text.strip())
        excerpt = ""
        if text.strip():
            gutter = f"{line:>4} | "
            excerpt = f"{gutter}{text}\n{' ' * len(gutter)}{' ' * max(column - 1, 0)}{'^' * max(width, 1)}"
        return Location(path, line, column, excerpt)

    def attribute(self, path: str, line: int, name: str) -> Location:
        """Where the call that starts at `line` sets the argument `name`, or the call itself."""
        text = self._texts.get(path)
        if text is not None:
            depth = 0
            for number, content in enumerate(text.original.split("\n")[line - 1 :], line):
                found = re.search(rf"\b{re.escape(name)}\s*=(?!=)", content)
                if found:
                    return self.location(path, number, found.start() + 1, len(name))
                depth += sum(content.count(c) for c in "([{") - sum(content.count(c) for c in ")]}")
                if depth <= 0 or number > line + 400:
                    break
        return self.location(path, line)

    @staticmethod
    def trusted(path: str) -> bool:
        """Whether a file is ours: the prelude, a driver, or a rule that ships with the engine."""
        return path.startswith(("<", "@rulesengine//", "@bazel_skylib//", "@platforms//"))


def check_nesting(path: str, text: str) -> None:
    """Raise SyntaxFault where brackets nest too deep for the parser to survive."""
    if max(text.count("("), text.count("["), text.count("{")) < MAX_NESTING:
        return
    depth = 0
    for number, line in enumerate(text.split("\n"), 1):
        for column, character in enumerate(line, 1):
            if character in "([{":
                depth += 1
                if depth > MAX_NESTING:
                    raise SyntaxFault(
                        f"brackets nest deeper than {MAX_NESTING}", location=Location(path, number, column)
                    )
            elif character in ")]}":
                depth = max(0, depth - 1)


def parse(path: str, text: str, dialect: Any, texts: SourceTexts | None = None) -> Any:
    """Parse a file into starlark-pyo3's AST.  Raises SyntaxFault with its place."""
    rewritten = Rewritten(text, text)
    if texts is not None:
        check_nesting(path, text)
        rewritten = rewrite(text)
        texts.add(path, rewritten)
    try:
        return sl.parse(path, rewritten.text, dialect)
    except sl.StarlarkError as fault:
        raise translate(str(fault), texts or SourceTexts(), SyntaxFault) from None


def evaluate(
    module: Any,
    ast: Any,
    loader: Callable[[str], Any] | None,
    guard: Guard,
    texts: SourceTexts,
    error: type[RulesEngineError] = LoadingError,
) -> None:
    """Evaluate an AST in a module.

    Raises the RulesEngineError a callable raised, with the user's place added, or `error`.
    """
    guard.caught = None
    options = sl.EvalOptions(max_callstack_size=MAX_CALL_STACK)
    try:
        sl.eval_with(options, module, ast, GLOBALS, None if loader is None else sl.FileLoader(guard(loader)))
    except sl.StarlarkError as fault:
        caught, guard.caught = guard.caught, None
        if caught is not None:
            if isinstance(caught, RulesEngineError) and caught.location is None:
                place = translate(str(fault), texts, error)
                caught.location = place.location
                caught.notes = (*caught.notes, *place.notes)
            raise caught from None
        raise translate(str(fault), texts, error) from None


def translate(text: str, texts: SourceTexts, kind: type[RulesEngineError]) -> RulesEngineError:
    """A StarlarkError's text as one of our errors, at the innermost frame of the user's own files."""
    frames: list[tuple[str, int, str]] = []
    message: list[str] = []
    place: tuple[str, int, int] | None = None
    width = 1
    for line in text.split("\n"):
        frame = _FRAME.match(line)
        arrow = _ARROW.match(line)
        if frame and not message:
            frames.append((frame["path"], int(frame["line"]), frame["function"]))
        elif arrow and place is None:
            place = (arrow["path"], int(arrow["line"]), int(arrow["column"]))
        elif place is not None:
            carets = re.match(r"^\s*\|\s*(\^+)", line)
            if carets:
                width = len(carets[1])
        elif line.startswith("error: "):
            message.append(line[len("error: ") :])
        elif message:
            message.append(line)
    words = "\n".join(message).rstrip() or text.strip()
    failed = words.startswith("fail: ")
    if failed:
        words = words[len("fail: ") :]
        place = None
    users = [frame for frame in frames if not texts.trusted(frame[0])]
    location = None
    if place is not None and (not texts.trusted(place[0]) or not users):
        location = texts.location(*place, width=width)
    if failed and users and users[-1] == frames[-1] and len(users) > 1 and users[-1][0] != users[0][0]:
        location = texts.location(users[-1][0], users[-1][1])
    if location is None and users:
        location = texts.location(users[-1][0], users[-1][1])
    elif location is None and frames:
        location = texts.location(frames[-1][0], frames[-1][1])
    notes = []
    seen = users[:-1] if location is not None and users and str(location).startswith(users[-1][0]) else users
    for path, line, function in seen[:20]:
        notes.append(f"called from {path}:{line}" + ("" if function == "<module>" else f" in {function}"))
    words = re.sub(r"call to `<?[^`]*?\.([a-z_]+)`", r"call to \1()", words)
    words = words.replace("Parse error: ", "")
    return kind(words, location=location, notes=notes[::-1], hint=_hint(words))


def _hint(words: str) -> str | None:
    if "tabs are not allowed" in words:
        return "indent with spaces"
    if "load` statements" in words:
        return "put load() at the top of the file, outside of functions"
    return None


def symbols(names: Mapping[str, str]) -> str:
    """The text of a load() of the prelude for a preamble: local name -> prelude name."""
    return ", ".join(f"{local} = {json_quote(name)}" for local, name in names.items())


def json_quote(text: str) -> str:
    """A string literal that Starlark reads back as `text`."""
    import json

    return json.dumps(text, ensure_ascii=True)
