"""GitTree: what changed in a workspace since a revision, asked of git itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import frozen

from rulesengine.errors import UsageError, WorkspaceError


@frozen
class Changes:
    """Paths, relative to the workspace.  gone: those of the revision only; come: those of the working tree only."""

    edited: frozenset[str]
    come: frozenset[str]
    gone: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        """Every path."""
        return self.edited | self.come | self.gone


@frozen
class GitTree:
    """A workspace in a git repository (its root, or a directory below it)."""

    root: str

    @staticmethod
    def at(root: str) -> GitTree:
        """Raises WorkspaceError where there is no git, or no repository."""
        tree = GitTree(root)
        if tree._run("rev-parse", "--is-inside-work-tree")[1].strip() != b"true":
            raise WorkspaceError(
                f"{root} is in no git repository, so there is nothing to compare with",
                hint="run git init, or git clone",
            )
        return tree

    def commit(self, revision: str) -> str:
        """The hash of a revision.  Raises UsageError."""
        code, out, _ = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        if code == 0:
            return out.decode().strip()
        shallow = self._run("rev-parse", "--is-shallow-repository")[1].strip() == b"true"
        raise UsageError(
            f"--since={revision}: there is no such revision here",
            hint=(
                "this clone is shallow: fetch more of it (git fetch --unshallow, or --depth=… as needed)"
                if shallow
                else "fetch it, or see git log for those there are"
            ),
        )

    def changes(self, commit: str) -> Changes:
        """What differs between a commit and the working tree, with what is not committed and not tracked."""
        words = self._good("diff", "--name-status", "-z", "--no-renames", "--relative", "--no-ext-diff", commit, "--")
        parts = os.fsdecode(words).split("\0")
        edited: set[str] = set()
        come: set[str] = set()
        gone: set[str] = set()
        for status, path in zip(parts[0::2], parts[1::2], strict=False):
            {"A": come, "D": gone}.get(status[:1], edited).add(path)
        untracked = self._good("ls-files", "-z", "--others", "--exclude-standard")
        for path in os.fsdecode(untracked).split("\0"):
            if path in gone:  # taken out of the index only
                gone.discard(path)
                edited.add(path)
            elif path:
                come.add(path)
        return Changes(frozenset(edited), frozenset(come), frozenset(gone))

    def text(self, commit: str, path: str) -> bytes:
        """A file as it was at a commit; empty where there was none."""
        code, out, _ = self._run("show", f"{commit}:./{path}")
        return out if code == 0 else b""

    def restore(self, commit: str, changes: Changes, into: str) -> None:
        """Make `into` the workspace as it was at `commit`; what did not change is linked to.  Raises UsageError."""
        wanted: dict[str, tuple[str, str]] = {}
        for line in os.fsdecode(self._good("ls-tree", "-r", "-z", commit)).split("\0"):
            head, _, path = line.partition("\t")
            if path:
                mode, kind, name = head.split(" ")
                if kind == "blob":
                    wanted[path] = mode, name
        for path in os.fsdecode(self._good("ls-files", "-z", "--others", "--ignored", "--exclude-standard")).split(
            "\0"
        ):
            if path and path not in wanted and not path.startswith("pybuild-"):
                wanted[path] = "", ""  # what git ignores is taken to have been as it is
        changed = {path: wanted[path] for path in changes.edited | changes.gone if path in wanted}
        blobs = self._blobs({name for _, name in changed.values() if name})
        for path, (mode, name) in wanted.items():
            target = Path(into, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path not in changed:
                _link(Path(self.root, path), target)
            elif mode == "120000":
                target.symlink_to(os.fsdecode(blobs[name]))
            else:
                target.write_bytes(blobs[name])

    def _blobs(self, names: Iterable[str]) -> Mapping[str, bytes]:
        out: dict[str, bytes] = {}
        wanted = sorted(names)
        if not wanted:
            return out
        data = self._good("cat-file", "--batch", given="".join(f"{name}\n" for name in wanted).encode())
        place = 0
        for name in wanted:
            end = data.index(b"\n", place)
            head = data[place:end].split(b" ")
            if head[-1] == b"missing":
                raise UsageError(
                    f"git lacks the object {name}", hint="this clone is partial: fetch the revision's files"
                )
            size = int(head[2])
            out[name] = data[end + 1 : end + 1 + size]
            place = end + 2 + size
        return out

    def _good(self, *words: str, given: bytes = b"") -> bytes:
        code, out, err = self._run(*words, given=given)
        if code:
            said = err.decode("utf-8", "replace").strip().partition("\n")[0]
            raise WorkspaceError(f"git {words[0]} failed: {said}", hint="run it by hand in the workspace to see more")
        return out

    def _run(self, *words: str, given: bytes = b"") -> tuple[int, bytes, bytes]:
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        try:
            done = subprocess.run(
                ["git", *words], cwd=self.root, input=given, capture_output=True, check=False, env=environment
            )
        except FileNotFoundError:
            raise WorkspaceError("git is not installed", hint="affected compares with a git revision") from None
        return done.returncode, done.stdout, done.stderr


def _link(source: Path, target: Path) -> None:
    if source.is_symlink():
        target.symlink_to(source.readlink())
        return
    try:
        target.hardlink_to(source)
    except OSError:
        if os.path.lexists(source):
            target.symlink_to(source)
