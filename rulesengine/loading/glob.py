"""glob(): the files of a package that match, never across a sub-package's boundary."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from rulesengine.errors import LoadingError
from rulesengine.loading.repository import BUILD_FILES
from rulesengine.loading.sources import is_directory


@lru_cache(maxsize=4096)
def segment_pattern(segment: str) -> re.Pattern[str]:
    """One path segment with `*` and `?` as a regular expression.

    As Bazel's UnixGlob: a lone `*` takes everything, else a leading dot must be written out.
    """
    if segment == "*":
        return re.compile("[^/]+")
    out = "" if segment.startswith(".") else r"(?!\.)" if segment[:1] in ("*", "?") else ""
    for character in segment:
        out += "[^/]*" if character == "*" else "[^/]" if character == "?" else re.escape(character)
    return re.compile(out)


def check_pattern(pattern: object) -> list[str]:
    """The segments of a glob pattern.  Raises LoadingError as Bazel does for what it refuses."""
    if not isinstance(pattern, str) or not pattern:
        raise LoadingError(f"glob pattern {pattern!r} is not a text")
    if pattern.startswith("/"):
        raise LoadingError(f"glob pattern {pattern!r} must be relative to the package")
    segments = pattern.split("/")
    for segment in segments:
        if segment in ("", ".", ".."):
            raise LoadingError(f"glob pattern {pattern!r} has a segment {segment!r}")
        if "**" in segment and segment != "**":
            raise LoadingError(f"glob pattern {pattern!r}: '**' must be a whole segment")
    return segments


def matches(segments: list[str], path: list[str]) -> bool:
    """Whether a path matches a pattern; `**` stands for any number of segments, none included."""
    states = {0}
    for part in path:
        following = set()
        frontier = list(states)
        while frontier:
            state = frontier.pop()
            if state == len(segments):
                continue
            if segments[state] == "**":
                following.add(state)
                if state + 1 not in states:
                    states.add(state + 1)
                    frontier.append(state + 1)
            elif segment_pattern(segments[state]).fullmatch(part):
                following.add(state + 1)
        states = following
    while states and len(segments) not in states:
        grown = {state + 1 for state in states if state < len(segments) and segments[state] == "**"} - states
        if not grown:
            return False
        states |= grown
    return len(segments) in states


def _is_package(directory: str) -> bool:
    return any(os.path.isfile(os.path.join(directory, name)) for name in BUILD_FILES)


def _check_name(name: str, prefix: str) -> None:
    """Raise LoadingError for a file name that is no text: no label can name it."""
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError:
            shown = repr(os.fsencode(prefix + name))[2:-1]
            raise LoadingError(f"glob: the file name '{shown}' is not UTF-8", hint="rename the file") from None


def walk(
    directory: str, saw: Callable[[str], None], depth: int | None, ignored: Callable[[str], bool]
) -> Iterator[tuple[str, bool]]:
    """(path below `directory`, is a directory) of everything in the package; `saw` is told every
    directory that was listed.  Sub-packages are not entered, nor links that lead back to where the
    walk came from, nor what is `ignored`.  depth: how many levels, None: all."""
    stack: list[tuple[str, int, tuple[str, ...]]] = [("", 1, ())]
    while stack:
        prefix, level, links = stack.pop()
        here = os.path.join(directory, prefix) if prefix else directory
        saw(here)
        try:
            with os.scandir(here) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as fault:
            raise LoadingError(f"glob: cannot list {here}: {fault.strerror}") from None
        if prefix and any(entry.name in BUILD_FILES and not is_directory(entry) for entry in entries):
            continue
        if prefix:
            yield prefix[:-1], True
        for entry in entries:
            _check_name(entry.name, prefix)
            if is_directory(entry):
                if entry.name.startswith(("pybuild-", "bazel-")) and entry.is_symlink():
                    continue
                if (entry.name == ".git" and not prefix) or ignored(prefix + entry.name):
                    continue
                if depth is None or level < depth:
                    followed = links
                    if entry.is_symlink():
                        real = os.path.realpath(entry.path)
                        if real in links or f"{os.path.realpath(here)}/".startswith(f"{real}/"):
                            continue
                        followed = (*links, real)
                    stack.append((f"{prefix}{entry.name}/", level + 1, followed))
                elif not _is_package(entry.path):
                    yield prefix + entry.name, True
            elif os.path.isfile(entry.path) if entry.is_symlink() else entry.is_file():
                yield prefix + entry.name, False
            elif entry.is_symlink():  # it leads nowhere: what it names may be there tomorrow
                saw(os.path.dirname(os.path.realpath(entry.path)))


def _texts(patterns: list[str]) -> list[str]:
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise LoadingError(f"glob pattern {pattern!r} is not a text")
    return patterns


def glob(
    directory: str,
    include: list[str],
    exclude: list[str],
    exclude_directories: bool,
    saw: Callable[[str], None],
    ignored: Callable[[str], bool] = lambda _: False,
) -> list[str]:
    """The matching paths, sorted; see `walk`.  Raises LoadingError for a pattern that is not one."""
    wanted = [check_pattern(pattern) for pattern in include]
    for pattern in include:
        if "?" in pattern:
            raise LoadingError(f"glob pattern {pattern!r}: '?' stands for nothing here", hint="write '*'")
    unwanted = [pattern.split("/") for pattern in _texts(exclude)]
    if not wanted:
        return []
    depth = None if any("**" in one for one in wanted) else max(len(one) for one in wanted)
    found = []
    for path, listed in walk(directory, saw, depth, ignored):
        if listed and exclude_directories:
            continue
        parts = path.split("/")
        if any(matches(one, parts) for one in wanted) and not any(matches(one, parts) for one in unwanted):
            found.append(path)
    return sorted(found)
