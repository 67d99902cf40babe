"""What tests of the command line share: a small workspace of genrules, and pybuild as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = "import sys; from rulesengine.cli.entry import main; sys.exit(main())"
BUILD = """
genrule(name = "g", srcs = glob(["*.txt"]), outs = ["out"], cmd = "cat $(SRCS) > $@")
genrule(name = "h", srcs = [":g"], outs = ["h.out"], cmd = "(cat $(SRCS); echo h) > $@")
genrule(name = "bad", outs = ["bad.out"], cmd = "echo oops >&2; exit 3", tags = ["manual"])
"""


class Space:
    """A workspace and a home of its own; `run` starts pybuild in it."""

    def __init__(self, base: Path) -> None:
        self.root = base / "space"
        self.home = base / "home"
        self.cache = base / "cache"
        self.home.mkdir()
        self.write("MODULE.bazel", "")
        self.write("a/BUILD", BUILD)
        self.write("a/x.txt", "x\n")
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HOME": str(self.home),
            "PYBUILD_CACHE": str(self.cache),
        }

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def command(self, *words: str, flags: tuple[str, ...] = ()) -> list[str]:
        return [sys.executable, *flags, "-c", PROGRAM, *words]

    def run(
        self, *words: str, flags: tuple[str, ...] = (), cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words, flags=flags),
            cwd=cwd or self.root,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def settle(self) -> None:
        """Let the files' time stamps lie clearly before the next build: a file just written is not trusted."""
        time.sleep(0.05)

    def is_noop(self, *words: str, cwd: Path | None = None, **environment: str) -> bool:
        """Whether the command is answered from the index: all other ways import the reading of flags."""
        done = self.run(*words, flags=("-X", "importtime"), cwd=cwd, **environment)
        assert done.returncode == 0, done.stderr
        return " rulesengine.cli.main" not in done.stderr


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space(tmp_path)
