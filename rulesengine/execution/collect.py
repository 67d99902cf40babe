"""Outputs of a command: taken from its directory into the store, with a wary eye.

The command has ended, but the names it left are its own choice: links may point anywhere and
outputs may be devices.  Files are therefore opened first and looked at through the descriptor.
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
from collections.abc import Mapping

from rulesengine.errors import ExecutionError
from rulesengine.execution.sandbox import EXECROOT
from rulesengine.execution.sources import read_lent, stays_inside
from rulesengine.execution.store import CHUNK, LocalStore, store_error
from rulesengine.model.artifact import Artifact, FileValue, LentFile, LinkValue, TreeValue, Value
from rulesengine.model.digest import EMPTY
from rulesengine.model.directory import MAX_DEPTH, Member, TreeFile, TreeLink, TreeNode, build_tree, walk_tree

_SHOWN = 5
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""How outputs are opened: a fifo without a writer must not hang us."""


def collect_outputs(
    store: LocalStore, root: str, inputs: Mapping[str, Value], outputs: Mapping[str, Artifact]
) -> dict[Artifact, Value]:
    """The values of the declared outputs.

    Raises ExecutionError where one is missing, of the wrong kind, a special file, or leads out of the directory.
    """
    parent, name = os.path.split(root)
    return _Collector(store, f"{_real(parent)}/{name}", inputs).collect(outputs)


@functools.lru_cache(maxsize=16)
def _real(directory: str) -> str:
    """Of the directories that hold execution directories: they are ours, and stay where they are."""
    return os.path.realpath(directory)


class _Collector:
    def __init__(self, store: LocalStore, root: str, inputs: Mapping[str, Value]) -> None:
        self._store = store
        self._root = root
        self._inputs = inputs

    def collect(self, outputs: Mapping[str, Artifact]) -> dict[Artifact, Value]:
        values: dict[Artifact, Value] = {}
        missing = []
        for path, artifact in outputs.items():
            fd = self._plain(path) if artifact.kind == "file" else None
            if fd is not None:
                values[artifact] = self._taken(fd, path)
            elif not os.path.lexists(f"{self._root}/{path}"):
                missing.append(path)
            elif artifact.is_symlink:
                values[artifact] = self._link(path)
            elif artifact.is_directory:
                values[artifact] = self._tree(path)
            else:
                values[artifact] = self._file(path, path)
        if missing:
            others = self._undeclared(outputs)
            raise ExecutionError(
                f"the command did not make its output {', '.join(sorted(missing))}",
                notes=[f"it made {', '.join(others)}, which no output declares"] if others else [],
                hint="write it at the path that $@, $(location …) or the File's path gives, as seen from its start",
            )
        return values

    def _undeclared(self, outputs: Mapping[str, Artifact]) -> list[str]:
        """Files that are neither inputs nor outputs, the first few."""
        trees = tuple(path + "/" for path in (*self._inputs, *outputs))
        found: list[str] = []
        for directory, directories, files in os.walk(self._root):
            directories.sort()
            for name in sorted(files):
                path = os.path.join(directory, name)[len(self._root) + 1 :]
                if path not in self._inputs and path not in outputs and not path.startswith(trees):
                    found.append(path if path.isprintable() else repr(path))
                    if len(found) == _SHOWN:
                        return [*found, "…"]
        return found

    def _link(self, path: str) -> LinkValue:
        try:
            return LinkValue(os.readlink(f"{self._root}/{path}"))
        except OSError:
            raise ExecutionError(
                f"output {path} is declared as a symbolic link and is none",
                hint="make it with ln -s, or declare it with declare_file() or declare_directory()",
            ) from None

    def _plain(self, path: str) -> int | None:
        """What stands at a path to which no link leads, and which is no input's, opened; None for all else."""
        if self._input_at(path) is not None:
            return None
        try:
            fd = os.open(f"{self._root}/{path}", _OPEN)
        except OSError:
            return None
        if os.readlink(f"/proc/self/fd/{fd}") == f"{self._root}/{path}":
            return fd
        os.close(fd)
        return None

    def _file(self, path: str, shown: str) -> FileValue:
        """A regular file below the root; a link to an input or another file below it counts as that file."""
        real = self._below(path, shown)
        known = self._input_at(real)
        if known is not None:  # bound inputs cannot be read from outside the sandbox
            if isinstance(known, LentFile):
                self._store.put(read_lent(real, known))
                return FileValue(known.digest, known.executable)
            return known
        try:
            fd = os.open(f"{self._root}/{real}", _OPEN)
        except OSError as fault:
            with contextlib.suppress(OSError):
                if stat.S_ISREG(os.lstat(f"{self._root}/{real}").st_mode):
                    raise ExecutionError(f"output {shown} cannot be read: {fault.strerror}") from None
            raise _refused(shown) from None
        try:
            # The path of what was opened, whatever its directories have been swapped for.
            inside = os.readlink(f"/proc/self/fd/{fd}").startswith(self._root + "/")
        except OSError as fault:
            os.close(fd)
            raise store_error(fault, f"storing output {shown}") from None
        return self._taken(fd, shown, inside=inside)

    def _taken(self, fd: int, shown: str, *, inside: bool = True) -> FileValue:
        """An open file's bytes, in the store; it is closed.  inside: it was found in the execution directory."""
        try:
            seen = os.fstat(fd)
            if stat.S_ISDIR(seen.st_mode):
                raise ExecutionError(f"output {shown} is a directory where a file is declared")
            if not stat.S_ISREG(seen.st_mode):
                raise _refused(shown)
            if not inside:
                raise _outside(shown)
            digest = self._store.adopt(fd, seen)
            if digest is None:
                with self._store.create() as out:
                    while data := os.read(fd, CHUNK):
                        out.write(data)
                digest = out.digest
            return FileValue(digest, bool(seen.st_mode & 0o111))
        except OSError as fault:
            raise store_error(fault, f"storing output {shown}") from None
        finally:
            os.close(fd)

    def _below(self, path: str, shown: str) -> str:
        """`path` with its links followed, relative to the root.  Links may name the root as /execroot."""
        todo = path.split("/")[::-1]
        done: list[str] = []
        links = 0
        while todo:
            part = todo.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not done:
                    raise _outside(shown)
                done.pop()
                continue
            done.append(part)
            try:
                target = os.readlink(self._root + "/" + "/".join(done))
            except OSError:
                continue  # not a link
            links += 1
            if links > 40:
                raise ExecutionError(f"output {shown} is a link that leads in a circle")
            if target.startswith("/"):
                for prefix in (EXECROOT + "/", self._root + "/"):
                    if target.startswith(prefix):
                        target = target[len(prefix) :]
                        done = []
                        break
                else:
                    raise _outside(shown)
            else:
                done.pop()
            todo += target.split("/")[::-1]
        real = "/".join(done)
        if not os.path.lexists(f"{self._root}/{real}"):
            raise ExecutionError(f"output {shown} is a link to {real}, which does not exist")
        return real

    def _input_at(self, path: str) -> FileValue | None:
        value = self._inputs.get(path)
        if isinstance(value, FileValue):
            return value
        above, below = path, ""
        while "/" in above:
            above, _, name = above.rpartition("/")
            below = f"{name}/{below}" if below else name
            tree = self._inputs.get(above)
            if isinstance(tree, TreeValue):
                member = dict(walk_tree(tree.digest, self._store.read)).get(below)
                return FileValue(member.digest, member.executable) if isinstance(member, TreeFile) else None
        return None

    def _tree(self, path: str) -> TreeValue:
        real = self._below(path, path)
        known = self._inputs.get(real)
        if isinstance(known, TreeValue):
            return known
        members: dict[str, Member] = {}
        if not os.path.isdir(f"{self._root}/{real}"):
            raise ExecutionError(f"output {path} is a file where a directory is declared")
        self._members(real, path, "", members, 0)
        self._store.put(b"")
        return TreeValue(build_tree(members, self._store.put))

    def _members(self, directory: str, shown: str, prefix: str, members: dict[str, Member], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ExecutionError(f"output {shown} nests deeper than {MAX_DEPTH} directories")
        try:
            # By descriptor: a process that is still there may swap the directory for a link.
            fd = os.open(f"{self._root}/{directory}", os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if os.readlink(f"/proc/self/fd/{fd}") != f"{self._root}/{directory}":
                    raise _outside(shown)
                with os.scandir(fd) as scanned:
                    entries = [
                        (entry, os.readlink(entry.name, dir_fd=fd) if entry.is_symlink() else "") for entry in scanned
                    ]
            finally:
                os.close(fd)
        except OSError as fault:
            raise ExecutionError(f"output {shown} cannot be read: {fault.strerror}") from None
        entries.sort(key=lambda entry: entry[0].name)
        if not entries and prefix:
            members[prefix[:-1]] = TreeNode(EMPTY)
        for entry, target in entries:
            path = prefix + entry.name
            try:
                path.encode()
            except UnicodeEncodeError:
                raise ExecutionError(f"output {shown} holds the name {path!r}, which is not UTF-8") from None
            if target:
                if not stays_inside(path, target):
                    raise ExecutionError(
                        f"output {shown} holds the link {path} -> {target}, which leads out of it",
                        hint="make links relative and inside the directory",
                    )
                members[path] = TreeLink(target)
            elif entry.is_dir(follow_symlinks=False):
                self._members(f"{directory}/{entry.name}", shown, path + "/", members, depth + 1)
            else:
                value = self._file(f"{directory}/{entry.name}", f"{shown}/{path}")
                members[path] = TreeFile(value.digest, value.executable)


def _refused(shown: str) -> ExecutionError:
    return ExecutionError(
        f"output {shown} is a device, fifo or socket", hint="only files, directories and links are outputs"
    )


def _outside(shown: str) -> ExecutionError:
    return ExecutionError(
        f"output {shown} is a link that leads out of the execution directory", hint="make the link relative, or copy"
    )
