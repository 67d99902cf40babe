"""Runs a page: its files are written and its commands run in one shell, in an empty home directory."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import Command, File, Page

HOME = "/home/you"
"""What pages show for the directory in which they are run."""

_KEPT = ("LANG", "LC_ALL", "PYTHONPATH", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF")
_PROGRESS = re.compile(
    r"^(WARNING: suite |[A-Z][a-z]+ \[\d+/\d+\]|\[\d+/\d+\] \d+ running|(Loading|Analysing|Placing outputs|Starting)\b)"
)
"""Lines that depend on the mirror's state or on how long something takes."""

_LAGGING = re.compile(
    r"^WARNING: suite (?:.*\n)+?wrote (?P<lock>\S+\.lock\.json)\nWARNING: the archive could not be locked.*\n", re.M
)
"""What `pybuild init` says where a mirror lags behind for some architecture; pages show what it says elsewhere."""

_SHAPES = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "<digest>"),
    (re.compile(r"(\b\d+(\.\d+)?(-\d+(\.\d+)?)?|…) (B|KiB|MiB|GiB)(?!\w)"), "<size>"),
    (re.compile(r"\b\d+\.\d+ s\b"), "<time>"),
    (re.compile(r"\b20\d\d-\d\d-\d\d( |T)\d\d:\d\d(:\d\d)?( ?UTC|Z)?"), "<date>"),
    (re.compile(r"\b20\d{6}T\d{6}Z"), "<stamp>"),
)


def run(page: Page, home: Path) -> list[str]:
    """Run a page in `home`; what is otherwise than shown."""
    out = home.parent / "outputs"
    out.mkdir()
    script = ["set +e"]
    for number, step in enumerate(page.steps):
        if isinstance(step, File):
            target = shlex.quote(str(home / step.path))
            source = out / f"{number}.file"
            source.write_text(step.text)
            script += [f"mkdir -p $(dirname {target})", f"cp {shlex.quote(str(source))} {target}"]
        else:
            script += [f"{{ {step.text}\n}} >{out}/{number}.out 2>&1 </dev/null", f"echo $? >{out}/{number}.code"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=home,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    faults = [f"the shell says: {done.stderr}"] if done.stderr else []
    for number, step in enumerate(page.steps):
        if isinstance(step, Command):
            code = out / f"{number}.code"
            printed = (out / f"{number}.out").read_text() if code.exists() else "(not reached)"
            faults += _compare(page, step, printed, int(code.read_text() or -1) if code.exists() else -1, home)
    return faults


def environment(home: Path) -> dict[str, str]:
    """What the shell of a page sees: little, so that no setting of who runs the tests takes part."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.lower().endswith("_proxy")}
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin:/usr/local/go/bin:/usr/lib/go/bin"]
    )
    cache = os.environ.get("GOCACHE") or str(Path.home() / ".cache/go-build")
    return {**kept, "HOME": str(home), "PATH": path, "TERM": "dumb", "USER": "you", "GOCACHE": cache}


def seed(home: Path, cache: Path) -> None:
    """Give a page's cache the archive's indexes that an earlier session has read; they are checked anew."""
    source = cache / "archives"
    if source.is_dir():
        shutil.copytree(source, home / ".cache/pybuild/archives")


def _compare(page: Page, command: Command, printed: str, code: int, home: Path) -> list[str]:
    where = f"{page.name}:{command.line}: $ {command.text}"
    printed = _LAGGING.sub(r"//debian:trixie \g<lock> written · 96 packages, 16 changes\n", printed)
    lines = [line for line in normal(printed, home).splitlines() if not _PROGRESS.match(line)]
    if code != command.code:
        return [f"{where}\n  exit code {code}, not {command.code}; it printed\n{_indented(lines)}"]
    expected = [normal(line, home) for line in command.shown]
    if expected and not matches(expected, lines):
        return [f"{where}\n  shown\n{_indented(expected)}\n  printed\n{_indented(lines)}"]
    return []


def normal(text: str, home: Path) -> str:
    """Text with what differs from run to run replaced by what it is."""
    text = text.replace(str(home), HOME)
    for shape, name in _SHAPES:
        text = shape.sub(name, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def matches(expected: list[str], printed: list[str]) -> bool:
    """Whether lines are as shown; `…` stands for any text, on a line of its own for any lines."""
    pattern = ""
    for line in expected:
        if line.strip() == "…":
            pattern += r"(?:[^\n]*\n)*"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split("…")) + r"\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def _indented(lines: list[str]) -> str:
    return "\n".join("    " + line for line in lines)
