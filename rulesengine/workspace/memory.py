"""MemoryWorkspace: a workspace for tests, which leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from types import TracebackType

from rulesengine.errors import RulesEngineError, UsageError
from rulesengine.model.operation import Operation
from rulesengine.workspace.analyzed import AnalyzedTarget
from rulesengine.workspace.places import MODULE_FILE
from rulesengine.workspace.workspace import Workspace

_MEMORY = "/dev/shm"
_ROOM = 64 << 20
"""Bytes that must be free in memory; with less, the files go where temporary files go."""


class MemoryWorkspace(Workspace):
    """Files that are nowhere else, with a cache and outputs of their own; for tests of rules.

        with Workspace.in_memory({"BUILD": "…", "defs.bzl": "…"}) as workspace:
            assert workspace.target("//:x").providers == ("DefaultInfo", "CountInfo")
            assert workspace.text("//:x") == "3\\n"

    They lie in a directory of their own in memory (`/dev/shm`, where programs may be run and there is room; else where
    temporary files go), which is removed by `close()`, at the end of a `with`, or when the object or the process ends.
    MODULE.bazel need not be given.
    """

    def __init__(
        self, files: Mapping[str, str | bytes], *, operations: Iterable[Operation] = (), offline: bool = True
    ) -> None:
        base = tempfile.mkdtemp(prefix="pybuild-", dir=_place())
        self._finalizer = weakref.finalize(self, shutil.rmtree, base, ignore_errors=True)
        root = os.path.join(base, "root")
        os.mkdir(root)
        _write(root, MODULE_FILE, b"")
        try:
            for path, content in files.items():
                _write(root, path, content)
            super().__init__(
                root,
                cache=os.path.join(base, "cache"),
                output_base=os.path.join(base, "outputs"),
                offline=offline,
                operations=operations,
            )
        except BaseException:
            self._finalizer()
            raise

    def __enter__(self) -> MemoryWorkspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove everything.  May be called again."""
        self._finalizer()

    # ---- its files --------------------------------------------------------------

    def write(self, path: str, content: str | bytes) -> None:
        """Make a file, or give it another content; path: from the root.  Raises UsageError for one outside."""
        _write(self.root, path, content)

    def remove(self, path: str) -> None:
        """Take a file away.  Raises UsageError where there is none."""
        try:
            os.unlink(_below(self.root, path))
        except OSError as fault:
            raise UsageError(f"{path}: {fault.strerror}") from None

    # ---- what tests ask -----------------------------------------------------------

    def target(self, label: str, *, platform: str | None = None) -> AnalyzedTarget:
        """What its rule makes of one target.  Raises as `analyze`, and UsageError where it is several."""
        found = self.analyze(label, platform=platform)
        if len(found) != 1:
            raise UsageError(f"{label} is {len(found)} targets, not one")
        return found[0]

    def bytes(self, label: str, *, platform: str | None = None) -> bytes:
        """Build one target and read its only output, a file.  Raises as `build`, and UsageError where it is not so."""
        outputs = [one for target in self.build(label, platform=platform).targets for one in target.outputs]
        if len(outputs) != 1 or outputs[0].directory:
            raise UsageError(
                f"{label} has {len(outputs)} outputs, not one file", hint=" ".join(one.name for one in outputs)
            )
        with open(outputs[0].path, "rb") as stream:
            return stream.read()

    def text(self, label: str, *, platform: str | None = None) -> str:
        """As `bytes`, read as UTF-8."""
        return self.bytes(label, platform=platform).decode()

    def error(self, *patterns: str, platform: str | None = None) -> RulesEngineError | None:
        """The error in which loading and analysing the targets ends; None where it goes well."""
        try:
            self.analyze(*patterns, platform=platform)
        except RulesEngineError as fault:
            return fault
        return None


def _place() -> str | None:
    """A directory in memory that serves, or None for the usual place of temporary files."""
    try:
        found = os.statvfs(_MEMORY)
    except OSError:
        return None
    usable = os.access(_MEMORY, os.W_OK | os.X_OK) and not found.f_flag & os.ST_NOEXEC
    return _MEMORY if usable and found.f_bavail * found.f_frsize >= _ROOM else None


def _below(root: str, path: str) -> str:
    full = os.path.normpath(os.path.join(root, path))
    if os.path.isabs(path) or not full.startswith(root + "/"):
        raise UsageError(f"{path!r} is not below the workspace's root", hint="write it relative to the root")
    return full


def _write(root: str, path: str, content: str | bytes) -> None:
    full = _below(root, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    with open(full, "wb") as stream:
        stream.write(data)
        if data.startswith(b"#!"):
            os.fchmod(stream.fileno(), 0o755)
