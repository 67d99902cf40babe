"""History: what the builds of one workspace did, so that they can be explained later.

One file of lines, `OUTPUT_BASE/history`: a checksum and a JSON object each; a line that does not verify is left out.
Lines are appended by the process that holds the workspace's lock.  What is needed to tell what is new
(`OUTPUT_BASE/history.state`) is a shortcut: without it, the lines are read.  It is a file of pieces, of which a build
of a few actions reads a few.  Kinds of lines (`t`):

build   n, at, request, files (path -> digest of what loading read and found changed), configurations
set     id, files ([path, value] …), sets (ids): inputs that actions share
target  n, id, label, configuration, rule, module, attributes, place, dependencies (`label configuration`)
action  n, path, key, owner, …: see `recording`
again   n, path, key, ran: an action that is known came back, or ran once more
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, compress
from typing import Any, Generic, TypeVar

from rulesengine.execution import pieces
from rulesengine.execution.pieces import DamagedError, Pieces
from rulesengine.values import define, field

FORMAT = 3
LIMIT = 96 << 20
"""Bytes that the history may have before what is old goes."""
_TAIL = 1 << 16
"""Bytes after which the state is written anew instead of read out of the lines; of a long history a 128th part."""
_BLOCK = 1 << 20
"""Bytes of lines that are written at once."""

_TABLES = ("current", "known", "files", "targets")

Line = dict[str, Any]


_Value = TypeVar("_Value")


class Names(Generic[_Value]):
    """Values by name, of which those that are written down are read when they are asked for.

    read: gives those of the bucket with this number, of so many; None: nothing is written down.
    """

    def __init__(self, buckets: int = 0, read: Callable[[int], dict[str, _Value]] | None = None) -> None:
        self._buckets = buckets
        self._read = read
        self._new: dict[str, _Value] = {}

    def get(self, name: str) -> _Value | None:
        """The value, or None."""
        found = self._new.get(name)
        if found is None and self._read is not None:
            found = self._read(_bucket(name, self._buckets)).get(name)
        return found

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __setitem__(self, name: str, value: _Value) -> None:
        self._new[name] = value

    def all(self) -> dict[str, _Value]:
        """Every value."""
        out: dict[str, _Value] = {}
        if self._read is not None:
            for number in range(self._buckets):
                out.update(self._read(number))
        return {**out, **self._new}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Names) and self.all() == other.all()

    __hash__ = None  # type: ignore[assignment]  # it changes


def _bucket(name: str, buckets: int) -> int:
    return zlib.crc32(name.encode("utf-8", "surrogatepass")) % buckets


def _in_buckets(names: dict[str, _Value]) -> list[dict[str, _Value]]:
    out: list[dict[str, _Value]] = [{} for _ in range(len(names) // pieces.CHUNK + 1)]
    for name, value in names.items():
        out[_bucket(name, len(out))][name] = value
    return out


@define
class State:
    """What the lines so far amount to.

    build: number of the last build.  current: path of an action's first output -> (key, shape) of what made it last.
    known: names of action and set lines that are there.  files: digests of the files that loading read.
    targets: `label configuration` -> id of its last line.
    """

    build: int = 0
    current: Names[tuple[str, str]] = field(factory=Names)
    known: Names[bool] = field(factory=Names)
    files: Names[str] = field(factory=Names)
    targets: Names[str] = field(factory=Names)

    def take(self, line: Line) -> None:
        """Account for a line.  Raises KeyError, TypeError, AttributeError for one of another shape."""
        kind = line["t"]
        if kind in ("action", "again"):
            self.current[line["path"]] = (line["key"], line["shape"])
            self.build = max(self.build, line["n"])
            if kind == "action":
                self.known[known_action(line["path"], line["key"])] = True
        elif kind == "build":
            self.build = max(self.build, line["n"])
            for path, digest in line["files"].items():
                self.files[path] = digest
        elif kind == "set":
            self.known[f"s {line['id']}"] = True
        elif kind == "target":
            self.targets[f"{line['label']} {line['configuration']}"] = line["id"]


def known_action(path: str, key: str) -> str:
    """The name of an action line among State.known."""
    return f"a {path} {key}"


class History:
    """The lines of one workspace.  To be written by one process at a time (see exclusive.py)."""

    def __init__(self, base: str) -> None:
        self.path = os.path.join(base, "history")
        self._state_path = self.path + ".state"
        self._offset = 0
        self._state_offset = 0
        self._floor = 0  # bytes of it when all that it holds was needed: at its first build, and after each pruning
        self._state: State | None = None
        self._reread: State | None = None

    # ---- reading ----

    def lines(self, start: int = 0) -> Iterator[Line]:
        """The lines that verify, from an offset."""
        try:
            with open(self.path, "rb") as stream:
                stream.seek(start)
                for raw in stream:
                    line = decode(raw)
                    if line is not None:
                        yield line
        except OSError:
            return

    def state(self) -> State:
        """What the lines amount to.  Never raises: what is damaged is left out."""
        if self._state is not None:
            return self._state
        try:
            size = os.path.getsize(self.path)
        except OSError:
            size = 0
        state, offset = self._load(size)
        self._take(state, offset, size)
        self._state, self._state_offset, self._offset = state, offset, size
        return state

    def _take(self, state: State, start: int, size: int) -> None:
        for line in self.lines(start) if size > start else ():
            with contextlib.suppress(KeyError, TypeError, AttributeError, ValueError):
                state.take(line)

    def _load(self, size: int) -> tuple[State, int]:
        try:
            kept = Pieces(self._state_path, None)
            form, offset, build, counts, floor = kept.piece("frame")
            if form == FORMAT and offset <= size:
                self._floor = floor
                names = [self._names(kept, name, counts[name], offset) for name in _TABLES]
                return State(build, *names), offset
        except (DamagedError, ValueError, TypeError, KeyError):
            pass
        return State(), 0

    def _names(self, kept: Pieces, table: str, buckets: int, end: int) -> Names[Any]:
        def read(number: int) -> dict[str, Any]:
            try:
                found: dict[str, Any] = kept.piece(table, number)
            except DamagedError:
                if self._reread is None:  # then from the lines that it was made of
                    self._reread = State()
                    self._take(self._reread, 0, end)
                every: dict[str, Any] = getattr(self._reread, table).all()
                found = {name: value for name, value in every.items() if _bucket(name, buckets) == number}
            return found

        return Names(buckets, read)

    # ---- writing ----

    def append(self, lines: Iterable[Line]) -> None:
        """Add lines.  Never raises: what cannot be written is not explained later."""
        state = self.state()
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            try:
                size = os.fstat(descriptor).st_size
                block = bytearray()
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    block += b"\n"  # a line that a kill cut short ends here
                for line in lines:
                    block += encode(line)
                    state.take(line)
                    if len(block) > _BLOCK:
                        _write(descriptor, block)
                        block.clear()
                _write(descriptor, block)
                self._offset = os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)
            if not size:
                self._floor = self._offset
            # Where all is needed, to look through it again at every build would find nothing that may go.
            if self._offset > LIMIT and self._offset > 1.5 * self._floor:
                self._prune()
            elif self._offset - self._state_offset > max(_TAIL, self._offset >> 7):
                self._save(state)

    def _save(self, state: State) -> None:
        tables = {name: _in_buckets(getattr(state, name).all()) for name in _TABLES}
        counts = {name: len(buckets) for name, buckets in tables.items()}
        frame = (FORMAT, self._offset, state.build, counts, self._floor)
        if pieces.write(self._state_path, {"frame": [frame], **tables}) is None:
            return
        self._state_offset = self._offset

    def _prune(self) -> None:
        """Keep the newer half, and of the older one what made the present outputs."""
        state = self.state()
        outlines = [_outline(line) for line in self.lines()]  # the lines themselves may be many times the memory
        kept = [False] * len(outlines)
        total = 0
        for number in range(len(outlines) - 1, -1, -1):
            total += outlines[number][0]
            kept[number] = total <= LIMIT // 2
        needed = {known_action(path, key) for path, (key, _) in state.current.all().items()}
        sets: set[str] = set()
        for number in range(len(outlines) - 1, -1, -1):  # a set comes before the actions that name it
            _, kind, name, itself, below = outlines[number]
            if kind == "action":
                kept[number] = kept[number] or name in needed
            elif kind == "set":
                kept[number] = kept[number] or itself in sets
            elif kind == "target":
                kept[number] = kept[number] or itself in sets or state.targets.get(name) == itself
            if kept[number]:
                sets.update(below)
        first = {"t": "build", "n": state.build, "at": 0, "request": {}, "configurations": {}}
        temporary = f"{self.path}.{os.getpid()}.tmp"
        left = State()
        with open(temporary, "wb") as out:
            for line in chain([{**first, "files": state.files.all()}], compress(self.lines(), kept)):
                out.write(encode(line))
                with contextlib.suppress(KeyError, TypeError, AttributeError, ValueError):
                    left.take(line)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._state_path)
        os.replace(temporary, self.path)
        self._state, self._reread = left, None
        self._offset = self._floor = os.path.getsize(self.path)
        self._save(left)


_Outline = tuple[int, str, str, str, tuple[str, ...]]
"""Of a line: bytes, kind, the name of an action or a target, the id of a set or a target, the ids that it needs."""


def _outline(line: Line) -> _Outline:
    kind = line["t"]
    size = len(encode(line))
    if kind == "action":
        return (
            size,
            kind,
            known_action(line["path"], line["key"]),
            "",
            (line.get("set") or "", line.get("target") or ""),
        )
    if kind == "set":
        return size, kind, "", line["id"], tuple(line["sets"])
    if kind == "target":
        return size, kind, f"{line['label']} {line['configuration']}", line["id"], ()
    return size, kind, "", "", ()


def _write(descriptor: int, data: bytearray) -> None:
    with memoryview(data) as view:
        done = 0
        while done < len(data):
            done += os.write(descriptor, view[done:])


def encode(line: Line) -> bytes:
    """One line of the file."""
    body = json.dumps(line, separators=(",", ":")).encode()
    return b"%08x " % zlib.crc32(body) + body + b"\n"


def decode(raw: bytes) -> Line | None:
    """A line that verifies, else None."""
    body = raw[9:].rstrip(b"\n")
    try:
        if not body or int(raw[:8], 16) != zlib.crc32(body):
            return None
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("t"), str) else None
