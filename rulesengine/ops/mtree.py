"""mtree: entries from a specification in the form that bsdtar reads (mtree(5)).

    #mtree
    /set type=file uid=0 gid=0
    ./etc               type=dir mode=0755
    ./etc/motd          mode=0644 contents=path/of/a/source
    ./dev/null          type=char mode=0666 device=linux,1,3

A path with a slash is taken from the root; one without lies in the directory last entered, which
`..` leaves.  Octal escapes of vis(3) (`\\040`), line continuation, `/set` and `/unset` are known.  Keywords that
describe nothing a layer holds (nlink, inode, flags, cksum, md5, …) are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rulesengine.errors import ExecutionError, Location
from rulesengine.model.operation import Described
from rulesengine.values import evolve, frozen

_ESCAPE = re.compile(rb"\\([0-7]{3}|[abfnrstv\\])")
_LETTERS = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"s": b" ", b"t": b"\t", b"v": b"\v"}
_TYPES = {
    "file": "file",
    "dir": "directory",
    "link": "symlink",
    "char": "char",
    "block": "block",
    "fifo": "fifo",
}


@frozen
class MtreeEntry:
    """One described entry; `described.source` is what `contents=` names.

    size, sha256: what the specification claims of the content, or None.
    optional: may be left out where its content does not exist.
    """

    described: Described
    location: Location
    size: int | None = None
    sha256: str | None = None
    optional: bool = False


def parse_mtree(text: bytes, source: str) -> Iterator[MtreeEntry]:
    """The entries of a specification in its order.  Raises ExecutionError with the line number."""
    defaults: dict[str, str] = {}
    directory: list[str] = []
    for number, line in _lines(text):
        location = Location(source, number, excerpt=line.decode("utf-8", "replace"))
        first, *rest = line.split()
        words = [word.decode("utf-8", "surrogateescape") for word in rest]
        name = first.decode("utf-8", "surrogateescape")
        if name == "/set":
            defaults.update(_keywords(words))
        elif name == "/unset":
            for word in words:
                if word == "all":
                    defaults.clear()
                defaults.pop(word, None)
        elif name.startswith("/") and name.count("/") == 1 and name[1:].isalpha() and not words:
            raise ExecutionError(f"unknown mtree command {name}", location=location)
        elif name == "..":
            if not directory:
                raise ExecutionError("'..' above the root of the specification", location=location)
            directory.pop()
        else:
            path = _unescape(first, location)
            entry = _entry(path, {**defaults, **_keywords(words)}, location)
            if "/" not in path:
                entry = evolve(entry, described=evolve(entry.described, path="/".join((*directory, path))))
                if entry.described.type == "directory" and path != ".":
                    directory.append(path)
            yield entry


def _lines(text: bytes) -> Iterator[tuple[int, bytes]]:
    held, start = b"", 0
    for number, raw in enumerate(text.split(b"\n"), 1):
        line = raw.rstrip(b"\r")
        if not held:
            start = number
        if line.endswith(b"\\") and not line.endswith(b"\\\\"):
            held += line[:-1] + b" "
            continue
        line, held = (held + line).strip(), b""
        if line and not line.startswith(b"#"):
            yield start, line
    if held.strip():
        yield start, held.strip()


def _keywords(words: list[str]) -> dict[str, str]:
    return {key: value for key, _, value in (word.partition("=") for word in words)}


def _unescape(raw: bytes, location: Location) -> str:
    def one(match: re.Match[bytes]) -> bytes:
        code = match[1]
        if len(code) == 3:
            value = int(code, 8)
            if not 0 < value < 256:
                raise ExecutionError(f"bad escape {match[0].decode()} in a path", location=location)
            return bytes([value])
        return _LETTERS.get(code, code)

    return _ESCAPE.sub(one, raw).decode("utf-8", "surrogateescape")


def _entry(path: str, words: dict[str, str], location: Location) -> MtreeEntry:
    def number(key: str, base: int = 10) -> int | None:
        text = words.get(key)
        if text is None:
            return None
        try:
            if not text.isalnum():
                raise ValueError
            return int(text, base)
        except ValueError:
            raise ExecutionError(f"{key}={text} is not a number", location=location) from None

    def text(key: str) -> str:
        return _unescape(words.get(key, "").encode("utf-8", "surrogateescape"), location)

    kind = words.get("type", "file")
    if kind not in _TYPES:
        raise ExecutionError(f"unknown type={kind}", location=location, hint="one of " + ", ".join(_TYPES))
    mtime = words.get("time", "0")
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]*)?", mtime):
        raise ExecutionError(f"time={mtime} is not a number of seconds", location=location)
    major = minor = 0
    if kind in ("char", "block"):
        parts = words.get("device", "").split(",")
        if len(parts) != 3 or not all(part.isdecimal() for part in parts[1:]):
            raise ExecutionError(f"a {kind} needs device=linux,MAJOR,MINOR", location=location)
        major, minor = int(parts[1]), int(parts[2])
    if kind == "link" and not words.get("link"):
        raise ExecutionError("a link needs link=TARGET", location=location)
    described = Described(
        path=path,
        type=_TYPES[kind],
        mode=number("mode", 8),
        uid=number("uid") or 0,
        gid=number("gid") or 0,
        uname=text("uname"),
        gname=text("gname"),
        mtime=int(mtime.split(".")[0]),
        link=text("link") if kind == "link" else "",
        source=(text("contents") or text("content") or None) if kind == "file" else None,
        major=major,
        minor=minor,
    )
    return MtreeEntry(
        described,
        location,
        size=number("size") if kind == "file" else None,
        sha256=words.get("sha256digest") or words.get("sha256"),
        optional="optional" in words,
    )
