"""History: what the builds of one workspace did, so that they can be explained later.

One file of lines, `OUTPUT_BASE/history`: a checksum and a JSON object each; a line that does not verify is left out.
Lines are appended in one write by the process that holds the workspace's lock.  What is needed to tell what is new
(`OUTPUT_BASE/history.state`) is a shortcut: without it, the lines are read.  Kinds of lines (`t`):

build   n, at, request, files (path -> digest of what loading read and found changed), configurations
set     id, files ([path, value] …), sets (ids): inputs that actions share
target  n, id, label, configuration, rule, module, attributes, place, dependencies (`label configuration`)
action  n, path, key, owner, …: see `recording`
again   n, path, key, ran: an action that is known came back, or ran once more
"""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import zlib
from collections.abc import Iterator
from typing import Any

from rulesengine.values import define, field

FORMAT = 1
LIMIT = 96 << 20
"""Bytes that the history may have before what is old goes."""
_TAIL = 1 << 16
"""Bytes after which the state is written anew instead of read out of the lines."""

Line = dict[str, Any]


@define
class State:
    """What the lines so far amount to.

    build: number of the last build.  current: path of an action's first output -> (key, shape) of what made it last.
    known: names of action and set lines that are there.  files: digests of the files that loading read.
    targets: `label configuration` -> id of its last line.
    """

    build: int = 0
    current: dict[str, tuple[str, str]] = field(factory=dict)
    known: set[str] = field(factory=set)
    files: dict[str, str] = field(factory=dict)
    targets: dict[str, str] = field(factory=dict)

    def take(self, line: Line) -> None:
        """Account for a line.  Raises KeyError, TypeError, AttributeError for one of another shape."""
        kind = line["t"]
        if kind in ("action", "again"):
            self.current[line["path"]] = (line["key"], line["shape"])
            self.build = max(self.build, line["n"])
            if kind == "action":
                self.known.add(known_action(line["path"], line["key"]))
        elif kind == "build":
            self.build = max(self.build, line["n"])
            self.files.update(line["files"])
        elif kind == "set":
            self.known.add(f"s {line['id']}")
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
        self._state: State | None = None

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
        for line in self.lines(offset) if size > offset else ():
            with contextlib.suppress(KeyError, TypeError, AttributeError, ValueError):
                state.take(line)
        self._state, self._state_offset, self._offset = state, offset, size
        return state

    def _load(self, size: int) -> tuple[State, int]:
        try:
            with open(self._state_path, "rb") as stream:
                data = stream.read()
            if zlib.crc32(data[4:]).to_bytes(4, "little") == data[:4]:
                form, offset, build, current, known, files, targets = marshal.loads(data[4:])
                if form == FORMAT and offset <= size:
                    return State(build, current, known, files, targets), offset
        except (OSError, ValueError, EOFError, TypeError):
            pass
        return State(), 0

    # ---- writing ----

    def append(self, lines: list[Line]) -> None:
        """Add lines.  Never raises: what cannot be written is not explained later."""
        state = self.state()
        data = b"".join(encode(one) for one in lines)
        for line in lines:
            state.take(line)
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            try:
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    data = b"\n" + data  # a line that a kill cut short ends here
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
                self._offset = os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)
            if self._offset > LIMIT:
                self._prune()
            elif self._offset - self._state_offset > _TAIL:
                self._save(state)

    def _save(self, state: State) -> None:
        body = marshal.dumps(
            (FORMAT, self._offset, state.build, state.current, state.known, state.files, state.targets)
        )
        temporary = f"{self._state_path}.{os.getpid()}.tmp"
        with open(temporary, "wb") as out:
            out.write(zlib.crc32(body).to_bytes(4, "little") + body)
        os.replace(temporary, self._state_path)
        self._state_offset = self._offset

    def _prune(self) -> None:
        """Keep the newer half, and of the older one what made the present outputs."""
        lines = list(self.lines())
        state = self.state()
        sizes = [len(encode(one)) for one in lines]
        kept = [False] * len(lines)
        total = 0
        for number in range(len(lines) - 1, -1, -1):
            total += sizes[number]
            kept[number] = total <= LIMIT // 2
        needed = {known_action(path, key) for path, (key, _) in state.current.items()}
        sets: set[str] = set()
        for number in range(len(lines) - 1, -1, -1):  # a set comes before the actions that name it
            line = lines[number]
            kind = line.get("t")
            if kind == "action":
                name = known_action(line["path"], line["key"])
                kept[number] = kept[number] or name in needed
                if kept[number]:
                    sets.update((line.get("set") or "", line.get("target") or ""))
            elif kind == "set":
                kept[number] = kept[number] or line["id"] in sets
                if kept[number]:
                    sets.update(line["sets"])
            elif kind == "target":
                name = f"{line['label']} {line['configuration']}"
                kept[number] = kept[number] or line["id"] in sets or state.targets.get(name) == line["id"]
        first = {"t": "build", "n": state.build, "at": 0, "request": {}, "configurations": {}}
        temporary = f"{self.path}.{os.getpid()}.tmp"
        with open(temporary, "wb") as out:
            out.write(encode({**first, "files": state.files}))
            out.writelines(encode(one) for one, keep in zip(lines, kept, strict=True) if keep)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._state_path)
        os.replace(temporary, self.path)
        self._state = None


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
