"""What starlark-rust says, in Bazel's words, at the place in the user's own files.

Frames of trusted files (the prelude, shipped rules) are left out of what a user sees wherever
there is a frame of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

from rulesengine.errors import Location, RulesEngineError
from rulesengine.loading.python_tree import python_tree
from rulesengine.loading.repository import BUILD_FILES
from rulesengine.loading.texts import SourceTexts
from rulesengine.values import frozen

_FRAME = re.compile(r"^  \* (?P<path>.*?):(?P<line>\d+), in (?P<function>.*)$")
_ARROW = re.compile(r"^ *--> (?P<path>.*):(?P<line>\d+):(?P<column>\d+)$")
_CARETS = re.compile(r"^\s*\|\s*(\^+)")
_BRACKET = re.compile(r"was never closed|does not match|unmatched")
_COMMA = "syntax error: a comma is missing"
_NOTES = 20
"""Frames of a chain of calls that a message shows at most."""


@frozen
class _Failure:
    """A StarlarkError's text, taken apart.

    frames: (path, line, function) of every call, outermost first.
    place: path, line, column and width of the innermost expression, in the parsed text.
    failed: whether it was fail().  said: what fail() was given, word for word.
    """

    words: str
    frames: list[tuple[str, int, str]]
    place: tuple[str, int, int, int] | None
    failed: bool
    said: str

    @staticmethod
    def parse(text: str) -> _Failure:
        """Take the text apart."""
        frames: list[tuple[str, int, str]] = []
        message: list[str] = []
        arrow: tuple[str, int, int] | None = None
        width = 1
        for line in text.split("\n"):
            if not message:
                if frame := _FRAME.match(line):
                    frames.append((frame["path"], int(frame["line"]), frame["function"]))
                elif line.startswith("error: "):
                    message.append(line[len("error: ") :])
            elif arrow is None:
                if found := _ARROW.match(line):
                    arrow = (found["path"], int(found["line"]), int(found["column"]))
                else:
                    message.append(line)
            elif carets := _CARETS.match(line):
                width = len(carets[1])
        said = "\n".join(message)
        words = said.rstrip() or text.strip()
        failed = words.startswith("fail: ") or words == "fail:"
        if failed:
            words = words[len("fail:") :].strip() or "fail()"
        said = said.removeprefix("fail: ") if failed else ""
        return _Failure(words, frames, None if arrow is None else (*arrow, width), failed, said)


_ANALYSIS = ("_analyze", "<prelude>._analyze")
"""What runs an implementation, as a frame names it: what called it (a BUILD file that is evaluated again) is ours."""


def translate(text: str, texts: SourceTexts, kind: type[RulesEngineError]) -> RulesEngineError:
    """A StarlarkError's text as one of our errors, at the innermost frame of the user's own files.

    A fail() inside of a macro is shown at the BUILD file's call: that is where the mistake is.
    """
    failure = _Failure.parse(text)
    begun = max((at for at, frame in enumerate(failure.frames) if frame[2] in _ANALYSIS), default=-1)
    users = [frame for frame in failure.frames[begun + 1 :] if not texts.trusted(frame[0])]
    notes: list[str] = []
    location: Location | None = None
    if failure.failed and len(users) > 1 and _is_build(users[0][0]) and not _is_build(users[-1][0]):
        location = texts.location(users[0][0], users[0][1])
        notes = [f"in {path}:{line}, {function}()" for path, line, function in users[1:]]
    else:
        place = failure.place
        if place is not None and (not texts.trusted(place[0]) or not failure.frames):
            location = texts.location(*place, parsed=True)
        elif users:
            location = texts.called(users[-1][0], users[-1][1], _own(failure.frames, users[-1]))
        elif place is not None and not place[0].startswith("<") and not place[0].endswith(".rs"):
            location = texts.location(*place, parsed=True)
        chain = users[:-1] if users and location is not None and _at(location, users[-1]) else users
        notes = [
            f"called from {path}:{line}" + ("" if function == "<module>" else f", {function}()")
            for path, line, function in reversed(chain)
        ]
    notes = _folded(notes)
    if len(notes) > _NOTES:
        half = _NOTES // 2
        notes = [*notes[:half], f"… {len(notes) - _NOTES} more calls …", *notes[-half:]]
    if failure.failed:
        fault = kind(failure.words, location=location, notes=notes)
        fault.said = failure.said
        return fault
    expression = _expression(failure, texts)
    words, hint = _in_bazels_words(failure.words, expression)
    if "repr: " in words or "struct" in words:
        from rulesengine.loading import kinds

        words = kinds.without_insides(words)
        if location is not None:
            lines = texts.lines(location.path)[: location.line]
            shown = lines[-1][location.column - 1 :][: location.excerpt.count("^")] if lines else ""
            words = kinds.of_operands(words, expression or shown, lines)
    if words.startswith("syntax error: unexpected") and location is not None:
        better = _brackets("\n".join(texts.lines(location.path)))
        if better is not None:
            words, line, column = better
            if words == _COMMA and location.line in (line, line + 1):
                words += " before this"  # what cannot be read stands right behind; Bazel shows that, too
            else:
                location = texts.location(location.path, line, column)
    return kind(words, location=location, notes=notes, hint=hint)


def _folded(notes: list[str]) -> list[str]:
    """Equal neighbours as one, with their number."""
    groups = [(note, len(list(same))) for note, same in groupby(notes)]
    return [note if count == 1 else f"{note} ({count} times)" for note, count in groups]


def _own(frames: list[tuple[str, int, str]], user: tuple[str, int, str]) -> str:
    """The function of ours that a frame of the user's calls, by its bare name."""
    after = len(frames) - frames[::-1].index(user)
    return frames[after][2].rpartition(".")[2] if after < len(frames) else ""


def _is_build(path: str) -> bool:
    return path.rpartition("/")[2] in BUILD_FILES


def _at(location: Location, frame: tuple[str, int, str]) -> bool:
    return location.path == frame[0] and location.line == frame[1]


def _expression(failure: _Failure, texts: SourceTexts) -> str:
    """The author's text of the expression that failed; empty when it is not theirs or spans lines."""
    if failure.place is None or texts.trusted(failure.place[0]):
        return ""
    place = texts.location(*failure.place, parsed=True)
    end = texts.column(place.path, place.line, failure.place[2] + failure.place[3])
    return texts.line(place.path, place.line)[place.column - 1 : end - 1]


# ---- words --------------------------------------------------------------------


def _function(name: str, expression: str) -> str:
    """`a/b.bzl.f` or `<prelude>.rule.instantiate` as a person calls it."""
    called = re.match(r"[\w.]+\(", expression)
    if called:
        return called[0] + ")"
    last = name.strip("`").rpartition(".")[2]
    return "the rule" if last == "instantiate" else last + "()"


def _meant(word: str | None) -> str | None:
    if word is None or word.endswith("__") or word.startswith("py_"):
        return None
    return f"did you mean '{word}'?"


_Answer = tuple[str, str | None]


def _name(match: re.Match[str], _: str) -> _Answer:
    hint = _meant(match[2])
    return (
        f"name '{match[1]}' is not defined",
        hint or f"define it, or load() '{match[1]}' from the .bzl file that does",
    )


def _field(match: re.Match[str], expression: str) -> _Answer:
    kind, name, near = match[1], match[2], _meant(match[3])
    if expression.startswith("ctx.attr."):
        return f"the rule has no attribute '{name}' (ctx.attr.{name})", near or "declare it in the attrs of rule()"
    if expression.startswith("ctx.") and expression.count(".") == 1:
        kind = "ctx"
    return f"'{kind}' value has no field or method '{name}'", near


def _key(match: re.Match[str], expression: str) -> _Answer:
    provider = re.search(r"\[\s*([\w.]+)\s*\]$", expression)
    if "." in match[1] and provider and not match[1].startswith('"'):
        return f"{expression[: provider.start()]} doesn't contain the provider {provider[1]}", None
    return f"key {match[1]} not found in dictionary", None


def _operation(match: re.Match[str], expression: str) -> _Answer:
    operation, first, second = match[1], match[2], match[3]
    if operation == "compare":
        return f"unsupported comparison: {first} <=> {second}", None
    if second and operation == "[]":
        return f"type '{first}' has no operator []({second})", None
    if second:
        return f"unsupported binary operation: {first} {operation} {second}", None
    if operation == "call()":
        return f"'{first}' object is not callable", None
    if operation in ("(iter)", "len()"):
        return f"type '{first}' is not iterable", None
    if operation.startswith(".") and operation.endswith("="):
        return f"cannot set field '{operation[1:-1]}' of a {first}", None
    if operation.startswith("[]"):
        return f"type '{first}' has no operator {operation}", None
    return f"unsupported operation: {operation} of type '{first}'" + (f" in {expression}" if expression else ""), None


def _too_many(match: re.Match[str], expression: str) -> _Answer:
    plural = "" if match[1] == "1" else "s"
    return f"{_function(match[2], expression)} got {match[1]} positional argument{plural} too many", None


def _unexpected(match: re.Match[str], expression: str) -> _Answer:
    names = match[1].replace("` `", ", ")
    return f"{_function(match[2], expression)} got unexpected keyword argument: {names}", None


def _missing(match: re.Match[str], expression: str) -> _Answer:
    kind = "named argument" if match[1] else "argument"
    return f"{_function(match[3], expression)} missing 1 required {kind}: {match[2]}", None


def _symbol(match: re.Match[str], _: str) -> _Answer:
    return f"the file does not contain symbol '{match[1]}'", _meant(match[2])


_ANSWERS: list[tuple[str, Callable[[re.Match[str], str], _Answer]]] = [
    (r"Variable `(.+?)` not found(?:, did you mean `(.+?)`\?)?", _name),
    (r"Object of type `(.+?)` has no attribute `(.+?)`(?:, did you mean `(.+?)`\?)?", _field),
    (r"(?s)Key `(.*)` was not found", _key),
    (r"Operation `(.+?)` not supported (?:on|for) types? `(.+?)`(?: and `(.+?)`)?", _operation),
    (r"Missing (named-only )?(?:positional-only )?parameter `(.+?)` for call to (.+)", _missing),
    (r"Found `(.+?)` extra named parameter\(s\) for call to (.+)", _unexpected),
    (r"Found (\d+) extra positional argument\(s\) for call to (.+)", _too_many),
    (r"Module has no symbol `(.+?)`(?:, did you mean `(.+?)`\?)?", _symbol),
]
_TEMPLATES: list[tuple[str, str, str | None]] = [
    (r"Argument `(.+?)` occurs more than once", r"argument \1 is given twice", None),
    (r"Index `(.+?)` is out of bound", r"index out of range (index is \1)", None),
    (r"Dictionary key repeated for `(.*)`", r"dictionary has duplicate key: \1", None),
    (r"Starlark call stack overflow", "calls nest too deep", "Starlark has no recursion: loop over range()"),
    (r"Value of type `(.+?)` is not hashable", r"unhashable type: '\1'", None),
    (r"Immutable", "trying to mutate a frozen value", "copy it first, for instance with list() or dict()"),
    (
        r"This operation mutates an iterable for an iterator while iterating\.?",
        "a value is changed while a loop goes over it",
        "go over a copy: for x in list(...)",
    ),
    (
        r"`(\w+)` cannot be used outside `def` in this dialect",
        r"'\1' is not allowed at the top level of a file",
        "put it into a function of a .bzl file, or write a comprehension or an X if C else Y",
    ),
    (r"(.* at line \d+ column \d+)", r"json.decode(): \1", None),
    (r"Module symbol ['`](.+?)['`] is not exported", r"the file does not contain symbol '\1'", None),
    (r"Cannot import private symbol `(.+?)`", r"symbol '\1' is private and cannot be loaded", None),
    (r"(?:Parse error: )?tabs are not allowed", "tab characters are not allowed", "indent with spaces"),
    (r"(?:Parse error: )?unexpected (.+?) here, expected one of .*", r"syntax error: unexpected \1", None),
    (r"Parse error: unexpected end of file.*", "syntax error: unexpected end of file", None),
    (r"Parse error: (.*)", r"syntax error: \1", None),
    (
        r"`?(?:def|lambda)`? .*dialect.*",
        "functions may not be defined in BUILD files",
        "move it to a .bzl file and load() it",
    ),
    (
        r".*`load` statements.*",
        "load() may only be called at the top level of a file",
        "put it at the top of the file",
    ),
]
"""Patterns are compiled when something has failed."""


def _in_bazels_words(words: str, expression: str) -> _Answer:
    for pattern, answer in _ANSWERS:
        if match := re.fullmatch(pattern, words):
            return answer(match, expression)
    for pattern, template, hint in _TEMPLATES:
        if match := re.fullmatch(pattern, words, re.DOTALL):
            return match.expand(template).replace("`", "'"), hint
    words = re.sub(r"`(?:[^`]*\.)?(\w+__)`", "a value", words)
    return re.sub(r"`([^`]*)`", r"'\1'", words), None


def _brackets(text: str) -> tuple[str, int, int] | None:
    """What Python's parser says of a bracket that is not closed or does not match, with line and column."""
    try:
        python_tree(text)
    except SyntaxError as fault:
        if fault.msg and _BRACKET.search(fault.msg) and fault.lineno:
            return "syntax error: " + fault.msg, fault.lineno, fault.offset or 1
        if fault.msg and "forgot a comma" in fault.msg and fault.lineno:
            return _COMMA, fault.lineno, fault.offset or 1
    except (ValueError, RecursionError, MemoryError):
        pass
    return None
