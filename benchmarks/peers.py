"""The field's tools that a monorepo is built with: Bazel in its own root (scripts/bazel), and ninja."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

_SCRIPT = Path(__file__).parents[1] / "scripts" / "bazel"
_STARTUP = "--nosystem_rc --nohome_rc --noworkspace_rc --bazelrc=/bazelrc"


def ninja() -> str | None:
    """The program, or None where it is not installed."""
    return shutil.which("ninja")


@frozen
class Bazel:
    """Bazel with a workspace of its own inside its root, and a server that nobody else uses."""

    name: str
    root: Path
    pivot: bool = False

    def seconds(self, *commands: Sequence[str]) -> list[float]:
        """Run Bazel's commands one after the other in the workspace; the wall-clock seconds of each.

        Raises SystemExit where one fails.
        """
        lines = [f"cd /{self.name}"]
        for words in commands:
            line = f"bazel {_STARTUP} --output_user_root=/var/tmp/{self.name} {' '.join(words)}"
            lines.append(f"a=$(date +%s%N); {line} </dev/null >/dev/null 2>/tmp/{self.name}.err || exit 1")
            lines.append("b=$(date +%s%N); echo $((b - a))")
        script: list[str | Path] = [_SCRIPT, *(["--pivot"] if self.pivot else []), "bash", "-c", "\n".join(lines)]
        done = subprocess.run(script, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"Bazel failed: {done.stderr}")
        return [int(line) / 1e9 for line in done.stdout.split()]

    def server_cpu(self) -> float:
        """Seconds that the server, and what it started and waited for, have used so far; 0 where it does not run."""
        total = 0
        for path in (self.root / "var" / "tmp" / self.name).glob("*/server/server.pid.txt"):
            stat = Path(f"/proc/{path.read_text().strip()}/stat")
            if stat.exists():
                total += sum(map(int, stat.read_text().rpartition(")")[2].split()[11:15]))
        return total / os.sysconf("SC_CLK_TCK")


@contextmanager
def bazel(workspace: Path, *, sandboxes: bool = False) -> Iterator[Bazel | None]:
    """Bazel with a copy of a workspace; None where it is not set up here (scripts/bazel does it).

    sandboxes: so that linux-sandbox works.
    """
    if os.geteuid() or subprocess.run([_SCRIPT, "--installed"], capture_output=True, check=False).returncode:
        yield None
        return
    root = Path(subprocess.run([_SCRIPT], capture_output=True, text=True, check=True).stdout.strip())
    name = f"bench-{uuid.uuid4().hex[:8]}"
    shutil.copytree(workspace, root / name)
    one = Bazel(name, root, sandboxes)
    try:
        yield one
    finally:
        one.seconds(["shutdown"])
        for left in (root / name, root / "var" / "tmp" / name, root / "tmp" / f"{name}.err"):
            if left.is_dir():
                subprocess.run(["chmod", "-R", "u+w", left], check=False)
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
