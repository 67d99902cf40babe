"""Sources: BUILD and .bzl files on the disk, read under limits, with every path that was looked at."""

from __future__ import annotations

import os
from collections.abc import Callable

from rulesengine.errors import LabelError, LoadingError, Location
from rulesengine.loading.repository import BUILD_FILES, Repositories
from rulesengine.model.artifact import OUTPUT_ROOT
from rulesengine.model.label import Label, check_package

MAX_SOURCE_BYTES = 16 << 20
"""A BUILD, .bzl or data file larger than this is refused at loading time."""

_NO_LINKS = "DONT_FOLLOW_SYMLINKS_WHEN_TRAVERSING_THIS_DIRECTORY_VIA_A_RECURSIVE_TARGET_PATTERN"
"""Bazel puts a file of this name where the links in a directory are not packages' directories."""


def is_directory(entry: os.DirEntry[str], *, follow: bool = True) -> bool:
    """Whether an entry is a directory; a link that goes round in a circle is none."""
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that goes round in a circle
        return False


def _may_be_package(name: str) -> bool:
    """Whether a directory's path is a name that packages have; no other holds one, whatever is in it."""
    try:
        check_package(name, name)
    except LabelError:
        return False
    return True


class Sources:
    """The files of all repositories.

    tracked: every path looked at -> `file`, `directory` (it was listed) or `absent`.
    """

    def __init__(self, repositories: Repositories, tracked: dict[str, str]) -> None:
        self.repositories = repositories
        self.tracked = tracked
        self.contents: set[str] = set()
        """Files whose text was read, and not only looked for."""
        self.ignoring: Callable[[str], Callable[[str], bool] | None] | None = None
        """What tells of a repository's directories whether its REPO.bazel has them ignored; None for one without."""
        self._ignores: dict[str, frozenset[str]] = {}
        self.caches: frozenset[str] = frozenset()
        """Real paths of directories that are ours, wherever they lie: they hold no packages."""

    def track(self, path: str) -> bool:
        """Note that a file was looked for; whether it is there."""
        try:
            there = os.path.isfile(path)
        except ValueError:  # a NUL byte in a name: no such file anywhere
            return False
        self.tracked[path] = "file" if there else "absent"
        return there

    def listed(self, directory: str) -> None:
        """Note that a directory's listing mattered."""
        self.tracked[directory] = "directory"

    def names(self, directory: str) -> list[str]:
        """What a directory holds, or nothing; for near names, hence not tracked."""
        try:
            return os.listdir(directory)
        except (OSError, ValueError):
            return []

    def shown(self, label: Label) -> str:
        """How a file is named in messages: relative to the workspace, or `@repo//…`."""
        return label.path if not label.repo else f"@{label.repo}//{label.path}"

    def path(self, label: Label) -> str:
        """The file a label stands for.  Raises NoSuchPackageError for an unknown repository."""
        return os.path.join(self.repositories.directory(label.repo), label.path)

    def read(self, path: str, shown: str) -> str:
        """A text file, with `\\n` ends of lines and without a byte order mark.  Raises LoadingError."""
        self.contents.add(path)
        try:
            if os.path.getsize(path) > MAX_SOURCE_BYTES:
                raise LoadingError(
                    f"{shown} is larger than {MAX_SOURCE_BYTES >> 20} MiB", location=Location(shown, 1, 1)
                )
            with open(path, "rb") as stream:
                data = stream.read()
            text = data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError as fault:
            line = data.count(b"\n", 0, fault.start) + 1
            column = fault.start - (data.rfind(b"\n", 0, fault.start) + 1) + 1
            raise LoadingError(
                f"byte 0x{data[fault.start]:02x} is not UTF-8",
                location=Location(shown, line, column),
                hint="save the file as UTF-8",
            ) from None
        except OSError as fault:
            raise LoadingError(f"cannot read {shown}: {fault.strerror}", location=Location(shown)) from None
        nul = text.find("\0")
        if nul >= 0:
            line = text.count("\n", 0, nul) + 1
            raise LoadingError(
                "a NUL byte in a text file", location=Location(shown, line, nul - text.rfind("\n", 0, nul))
            )
        return text

    # ---- packages --------------------------------------------------------------

    def build_file(self, repo: str, package: str) -> str | None:
        """The path of a package's BUILD file, BUILD.bazel first, or None: also for a directory that is ignored."""
        if self.ignored_by(repo, package):
            return None
        directory = os.path.join(self.repositories.directory(repo), package)
        for name in BUILD_FILES:
            path = os.path.join(directory, name)
            if self.track(path):
                return path
        return None

    def packages(self, repo: str, below: str) -> list[str]:
        """The names of all packages at or below one, sorted.

        A directory with a MODULE.bazel of its own is one like others, as it is for Bazel: .bazelignore leaves it out.
        So are those whose names begin with a dot, and links to directories.  Not Bazel's way: the top `.git` is left
        out, since every command of git changes it and a build would have to look again.
        """
        directory = self.repositories.directory(repo)
        out: list[str] = []
        top = os.path.realpath(directory)
        ignored = self._ignored(repo)
        ignored = ignored | {os.path.relpath(one, top) for one in self.caches if one.startswith(f"{top}/")}
        ignores = None if self.ignoring is None else self.ignoring(repo)
        stack: list[tuple[str, tuple[str, ...]]] = [(below, ())] if not self.ignored_by(repo, below) else []
        while stack:
            package, links = stack.pop()
            here = os.path.join(directory, package)
            try:
                with os.scandir(here) as listing:
                    entries = list(listing)
            except OSError:
                continue
            self.listed(here)
            names = {entry.name for entry in entries if not is_directory(entry)}
            if not names.isdisjoint(BUILD_FILES) and _may_be_package(package):
                out.append(package)
            for entry in entries:
                name = f"{package}/{entry.name}" if package else entry.name
                followed = links
                if entry.is_symlink():
                    real = "" if _NO_LINKS in names else self._leads_to(entry, top, links)
                    if not real:
                        continue
                    followed = (*links, real)
                elif not is_directory(entry, follow=False) or name == ".git":
                    continue
                if name not in ignored and (ignores is None or not ignores(name)):
                    stack.append((name, followed))
        return sorted(out)

    def _leads_to(self, link: os.DirEntry[str], top: str, links: tuple[str, ...]) -> str:
        """The real path of the directory that a link leads to, if the walk is to follow it, else an empty text.

        Not followed: to where the walk came from (`links`: what it followed before), and where builds put outputs.
        """
        real = "" if _is_file(link) else os.path.realpath(link.path)
        if not is_directory(link):
            if real and not os.path.lexists(real):  # what it names may be there tomorrow
                self.listed(os.path.dirname(real))
            return ""
        above = f"{os.path.realpath(os.path.dirname(link.path))}/"
        if real in links or above.startswith(f"{real}/"):
            return ""
        outside = not f"{real}/".startswith(f"{top}/")
        if f"/{OUTPUT_ROOT}/" in f"{real}/" or (outside and link.name.startswith("bazel-")):
            return ""
        return real

    def ignored_by(self, repo: str, package: str) -> str:
        """The directory at or above a package that .bazelignore or REPO.bazel have ignored, or an empty text."""
        if not package:
            return ""
        ignored = self._ignored(repo)
        ignores = None if self.ignoring is None else self.ignoring(repo)
        if not ignored and ignores is None:
            return ""
        parts = package.split("/")
        for count in range(1, len(parts) + 1):
            above = "/".join(parts[:count])
            if above in ignored or (ignores is not None and ignores(above)):
                return above
        return ""

    def _ignored(self, repo: str) -> frozenset[str]:
        """Directories that .bazelignore names, relative to the repository.  Raises LoadingError."""
        found = self._ignores.get(repo)
        if found is None:
            path, lines = os.path.join(self.repositories.directory(repo), ".bazelignore"), list[str]()
            if self.track(path):
                lines = self.read(path, ".bazelignore").split("\n")
            entries = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
            found = frozenset(map(os.path.normpath, entries))
            self._ignores[repo] = found
        return found
