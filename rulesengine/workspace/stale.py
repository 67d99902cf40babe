"""An index that no longer fits, and what was seen of its files: where a rebuild may start (rebuild.py)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rulesengine.workspace import signatures
from rulesengine.workspace.signatures import Signature

if TYPE_CHECKING:
    from rulesengine.workspace.noop import Plan

Group = tuple[str, list[bytes]]
"""A directory, and names in it (at most signatures.MOST; "." is the directory itself)."""


class Stale:
    """An index that no longer fits.

    path: its file.  checksum: of its content.  files: directories and the names looked at in each.  before, now: the
    signatures of each of these, as texts (signatures.py).  plan: how to go on from it.
    """

    __slots__ = ("absent", "before", "checksum", "files", "links", "now", "path", "plan", "text")

    def __init__(
        self,
        path: str,
        text: str,
        checksum: bytes,
        files: list[Group],
        before: list[bytes],
        now: list[bytes],
        absent: list[str],
        links: list[tuple[str, str]],
        plan: Plan,
    ) -> None:
        self.path = path
        self.text = text
        self.checksum = checksum
        self.files = files
        self.before = before
        self.now = now
        self.absent = absent
        self.links = links
        self.plan = plan

    def is_latest(self) -> bool:
        """Whether nobody wrote another index since."""
        try:
            with open(self.path, "rb") as stream:
                return stream.read(len(self.checksum)) == self.checksum
        except OSError:
            return False

    def changed(self) -> dict[str, Signature]:
        """The paths whose signatures are others than when the index was written, and what they are now."""
        out: dict[str, Signature] = {}
        for (above, names), before, now in zip(self.files, self.before, self.now, strict=True):
            if before != now:
                seen = zip(_paths(above, names), signatures.unpack(before), signatures.unpack(now), strict=True)
                out.update((path, today) for path, then, today in seen if then != today)
        return out

    def below(self, root: str) -> dict[str, Signature]:
        """What was seen of the files in a directory and further down."""
        out: dict[str, Signature] = {}
        for (above, names), now in zip(self.files, self.now, strict=True):
            if above == root or above.startswith(root + "/"):
                out.update(zip(_paths(above, names), signatures.unpack(now), strict=True))
        return out

    def seen(self, paths: Iterable[str]) -> dict[str, Signature]:
        """What was seen of these files; those that the index does not know are left out."""
        wanted: dict[str, set[str]] = {}
        for path in paths:
            wanted.setdefault(path.rpartition("/")[0] or "/", set()).add(path)
        out: dict[str, Signature] = {}
        for (above, names), now in zip(self.files, self.now, strict=True):
            if above in wanted:
                found = zip(_paths(above, names), signatures.unpack(now), strict=True)
                out.update((path, one) for path, one in found if path in wanted[above])
        return out

    def replaced(self, changes: Mapping[str, Signature | None]) -> tuple[list[Group], list[bytes]]:
        """Files and signatures as they are now, but that these have others, or (None) are left out."""
        by_directory: dict[str, dict[bytes, Signature | None]] = {}
        for path, one in changes.items():
            above, _, name = path.rpartition("/")
            by_directory.setdefault(above or "/", {})[os.fsencode(name) or b"."] = one
        files: list[Group] = []
        texts: list[bytes] = []
        for group, now in zip(self.files, self.now, strict=True):
            above, names = group
            if above in by_directory:
                entries = by_directory[above]
                seen = zip(names, signatures.unpack(now), strict=True)
                entries.update((name, one) for name, one in seen if name not in entries)
            else:
                files.append(group)
                texts.append(now)
        for above, entries in by_directory.items():
            add(files, texts, above, [(name, one) for name, one in sorted(entries.items()) if one is not None])
        return files, texts


def _paths(above: str, names: list[bytes]) -> list[str]:
    prefix = above if above.endswith("/") else above + "/"
    return [above if name == b"." else prefix + os.fsdecode(name) for name in names]


def add(files: list[Group], texts: list[bytes], above: str, entries: Sequence[tuple[bytes, Signature]]) -> None:
    """Note the files of a directory and their signatures, in parts."""
    for start in range(0, len(entries), signatures.MOST):
        part = entries[start : start + signatures.MOST]
        files.append((above, [name for name, _ in part]))
        texts.append(signatures.pack([one for _, one in part]))
