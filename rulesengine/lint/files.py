"""Which files are looked at: those that patterns and paths name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from attrs import frozen

from rulesengine.errors import UsageError, did_you_mean
from rulesengine.loading import Loader
from rulesengine.loading.repository import BUILD_FILES, MODULE_FILE
from rulesengine.loading.sources import is_directory
from rulesengine.model.label import Label
from rulesengine.model.pattern import TargetPattern


@frozen
class File:
    """A file.  path: on the disk.  shown: below the workspace.  kind: `build`, `bzl` or `module`."""

    path: str
    shown: str
    kind: str
    package: str
    name: str

    @property
    def label(self) -> Label:
        """The file as a label of the main repository."""
        return Label("", self.package, self.name)


def kind_of(path: str) -> str:
    """`build`, `bzl`, `module`, or empty for a file that is none of them."""
    name = os.path.basename(path)
    if name in BUILD_FILES:
        return "build"
    if name.endswith((".bzl", ".scl")):
        return "bzl"
    return "module" if name == MODULE_FILE or name.endswith(".MODULE.bazel") else ""


def find_files(loader: Loader, words: Sequence[str], directory: str) -> list[File]:
    """The files that words stand for, each once, sorted.

    A word is a path below `directory` (a file, or a directory with all below it) or a target pattern (`//a/...`: the
    files of these packages); without words: all files of the workspace.  Raises UsageError.
    """
    found: dict[str, File] = {}
    for word in words or ("//...",):
        path = os.path.join(directory, word)
        if "//" in word or word.startswith(":") or (not os.path.lexists(path) and word.endswith("...")):
            some = list(_pattern(loader, word, directory))
        elif is_there(path):
            below = os.path.relpath(os.path.abspath(path), loader.root)
            if below.startswith(".."):
                raise UsageError(f"{word} lies outside of the workspace {loader.root}", hint="name files inside of it")
            single = os.path.isfile(path)
            some = [_file(loader, below)] if single else list(_below(loader, "" if below == "." else below))
        else:
            near = os.listdir(os.path.dirname(path)) if os.path.isdir(os.path.dirname(path)) else []
            raise UsageError(f"{word}: no such file", hint=did_you_mean(os.path.basename(word), near))
        found.update((one.path, one) for one in some)
    return [found[path] for path in sorted(found)]


def is_there(path: str) -> bool:
    """Whether a path names a file or directory."""
    return os.path.exists(path)


def _pattern(loader: Loader, word: str, directory: str) -> Iterator[File]:
    here = os.path.relpath(os.path.abspath(directory), loader.root)
    pattern = TargetPattern.parse(word, "" if here == "." else here)
    if pattern.negative or loader.canonical_repo(pattern.repo):
        raise UsageError(f"{word}: name files or packages of this workspace")
    if pattern.kind == "single":
        path = Label("", pattern.package, pattern.name).path
        if kind_of(path):
            yield _file(loader, path)
            return
    if pattern.kind in ("single", "package"):
        yield from (one for one in _below(loader, pattern.package) if one.package == pattern.package)
    else:
        yield from _below(loader, pattern.package)


def _below(loader: Loader, below: str) -> Iterator[File]:
    stack = [below]
    while stack:
        here = stack.pop()
        try:
            with os.scandir(os.path.join(loader.root, here)) as listing:
                entries = list(listing)
        except OSError:
            continue
        if here and any(entry.name == MODULE_FILE for entry in entries):
            continue  # a workspace of its own
        for entry in entries:
            path = os.path.join(here, entry.name)
            if is_directory(entry, follow=False):
                if not entry.name.startswith("."):
                    stack.append(path)
            elif kind_of(path) and entry.is_file():
                yield _file(loader, path)


def _file(loader: Loader, below: str) -> File:
    kind = kind_of(below)
    if not kind:
        raise UsageError(f"{below} is no BUILD, .bzl or MODULE.bazel file")
    package = os.path.dirname(below)
    while package and loader.build_file("", package) is None:
        package = os.path.dirname(package)
    name = below[len(package) + 1 :] if package else below
    return File(os.path.join(loader.root, below), below, kind, package, name)
