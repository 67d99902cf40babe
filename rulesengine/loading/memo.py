"""What was worked out of files' texts in earlier runs, so that unchanged files are not looked through again.

One file, read whole and written whole; what does not verify is not there.  An entry is named by the digest of the
text, and the file by the digest of the code that works it out, so nothing here can be stale.  The rules that ship with
pybuild have a file of their own, beside the compiled modules: they are worked out once, as modules are compiled.
"""

from __future__ import annotations

import functools
import hashlib
import marshal
import os
import sys

from rulesengine.kept_file import read_kept, write_kept
from rulesengine.loading.rewritten import Rewritten
from rulesengine.loading.standins import Kind
from rulesengine.values import frozen

_MAX_ENTRIES = 5000
"""More files than this are not remembered: reading the memo would cost what it saves."""
_CODE = (
    *("growth.py", "memo.py", "nesting.py", "preamble.py", "python_tree.py", "rewrite.py", "rewritten.py"),
    *("shapes.py", "standins.py", "statics.py"),
)

_Stored = tuple[str | None, dict[int, list[tuple[int, int, int]]], tuple[str, ...]]


@frozen
class Known:
    """What is known of a text: how it is rewritten, and the private names its top level assigns."""

    rewritten: Rewritten
    private: tuple[str, ...]


class Memo:
    """Remembers across runs; with an empty path, within one."""

    def __init__(self, path: str = "", writes: bool = True) -> None:
        """writes: whether it may be written."""
        self._path = path
        self._writes = writes
        self._new: dict[bytes, _Stored] = {}
        self._old: dict[bytes, _Stored] = {}
        self._seen: dict[tuple[Kind, str], Known] = {}
        self._code = _code_digest(_CODE) if path else b""
        if not self._code:
            self._path = ""
        else:
            self._old = self._load()

    def get(self, text: str, kind: Kind = "bzl") -> Known | None:
        """What is known of the text of a file of some kind, or None."""
        known = self._seen.get((kind, text))
        if known is None and self._old:
            name = _name(text, kind)
            stored = self._old.get(name)
            if stored is not None:
                known = self._seen[kind, text] = Known(
                    Rewritten(text, text if stored[0] is None else stored[0], stored[1]), stored[2]
                )
        return known

    def put(self, text: str, known: Known, kind: Kind = "bzl") -> None:
        """Remember what was worked out of a text in which nothing is wrong for its kind of file."""
        self._seen[kind, text] = known
        if self._path:
            rewritten = known.rewritten
            changed = None if rewritten.text == text else rewritten.text
            self._new[_name(text, kind)] = (changed, dict(rewritten.shifts), known.private)

    def take(self, other: Memo) -> None:
        """Remember what is new in another memo, which cannot be written."""
        if self._path:
            self._new.update(other._new)

    def save(self) -> bool:
        """Write what is new; whether nothing is left to write.  A memo that cannot be written costs time, no more."""
        if not self._new or not self._path or not self._writes:
            return not self._new
        kept = self._old if len(self._old) + len(self._new) <= _MAX_ENTRIES else {}
        body = marshal.dumps({**kept, **dict(list(self._new.items())[:_MAX_ENTRIES])})
        if write_kept(self._path, self._code, body):
            self._new = {}
        return not self._new

    def _load(self) -> dict[bytes, _Stored]:
        body = read_kept(self._path, self._code)
        found = None if body is None else marshal.loads(body)
        return found if isinstance(found, dict) else {}


_PREFIXES: dict[Kind, bytes] = {"": b"-\n", "bzl": b"", "build": b"BUILD\n", "sets": b"BUILD sets\n"}


def _name(text: str, kind: Kind) -> bytes:
    digest = hashlib.sha256(_PREFIXES[kind])
    digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.digest()


def of_shipped_rules() -> Memo | None:
    """The memo of the rules that ship with pybuild; it is written where Python may write compiled modules."""
    compiled = None if __spec__ is None else __spec__.cached
    return None if compiled is None else Memo(compiled.removesuffix(".pyc") + ".rules", not sys.dont_write_bytecode)


@functools.cache
def _code_digest(names: tuple[str, ...]) -> bytes:
    """Of the modules that make the entries, and of the interpreter whose parser they use."""
    digest = hashlib.sha256(sys.version.encode())
    here = os.path.dirname(os.path.abspath(__file__))
    for name in names:
        try:
            with open(os.path.join(here, name), "rb") as stream:
                digest.update(stream.read())
        except OSError:  # no sources beside the compiled modules: nothing says which code it is, so nothing is kept
            return b""
    return digest.digest()
