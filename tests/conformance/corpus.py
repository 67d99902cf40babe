"""The corpus: one folder a case, with what is asked (case.toml) and what real Bazel answered (expected.json)."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

CASES = Path(__file__).parent / "cases"
RECORDED = Path(__file__).parent / "recorded.txt"
QUERIES = ("query", "cquery", "aquery")
_OWN = ("case.toml", "expected.json")
_TEXT_LIMIT = 20_000

_OUTPUT_ROOT = re.compile(r"(?:bazel|pybuild)-out/[^/\s\"':]+/bin\b")
_CANONICAL_REPO = re.compile(r"((?:external/|\.\./|@@))(\w[\w.-]*?)(?:~[\w.~-]*|\+[\w.+-]*)(?=[/\s\"'])")


@frozen
class Step:
    """One command of a case.

    command: `build`, `test`, `run`, `query`, `cquery`, `aquery`.  arguments: target patterns, the query expression,
    or the program and its arguments.
    says: words that both tools' error messages must hold.
    differs: why the class of our failure is another one, on purpose.
    outputs: whether the bytes of outputs are compared (a library written afresh makes scripts of its own).
    write: files to write before the command (None: to remove), so that a case can change between two steps.
    """

    command: str
    arguments: tuple[str, ...]
    flags: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    write: Mapping[str, str | None] = field(factory=dict)
    differs: str = ""
    outputs: bool = True


@frozen
class Case:
    """A small workspace and the commands to run in it.

    covers: the lines of the rule language that it exercises.  xfail: why we are known to answer otherwise than Bazel.
    prints: whether what print() says is compared.  oracle: why this Bazel cannot answer it, where it cannot; what is
    expected was then written by hand, from Bazel's documentation.
    """

    name: str
    directory: Path
    title: str
    covers: tuple[str, ...]
    steps: tuple[Step, ...]
    xfail: str = ""
    prints: bool = True
    oracle: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of what is asked: every file, and what is executable."""
        return self._digest((_OWN[1],))

    @property
    def workspace_digest(self) -> str:
        """The same of the workspace alone, whatever is asked about it."""
        return self._digest(_OWN)

    def _digest(self, without: Iterable[str]) -> str:
        found = hashlib.sha256()
        left_out = {self.directory / name for name in without}
        for path in sorted(self.directory.rglob("*")):
            if path in left_out or (path.is_dir() and not path.is_symlink()):
                continue
            data = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
            mode = "link" if path.is_symlink() else oct(path.stat().st_mode & 0o100)
            name = path.relative_to(self.directory).as_posix()
            found.update(f"{name}\0{mode}\0{len(data)}\0".encode() + data)
        return found.hexdigest()

    def copy_to(self, where: Path) -> None:
        """Fill a directory with the case's files, and nothing else."""
        where.mkdir(parents=True, exist_ok=True)
        for one in where.iterdir():
            shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
        for one in self.directory.iterdir():
            if one.name in _OWN:
                continue
            if one.is_dir():
                shutil.copytree(one, where / one.name, symlinks=True)
            else:
                shutil.copy2(one, where / one.name, follow_symlinks=False)

    @property
    def expected(self) -> dict[str, Any]:
        """What Bazel answered; empty before it was recorded."""
        path = self.directory / "expected.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def record(self, answer: Mapping[str, Any]) -> None:
        """Write down what Bazel answered."""
        text = json.dumps(answer, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        (self.directory / "expected.json").write_text(text)
        known = {**recorded(), self.name: self.digest}
        RECORDED.write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(known.items())))


def recorded() -> dict[str, str]:
    """Of which state of each case `expected.json` is the answer: its digest when Bazel was asked, by name."""
    return {name: digest for digest, name in map(str.split, RECORDED.read_text().splitlines())}


def read_case(directory: Path) -> Case:
    """A case from its folder.  Raises ValueError for an unknown key."""
    data = tomllib.loads((directory / "case.toml").read_text())
    steps = []
    for one in data.pop("step"):
        command = next((name for name in ("build", "test", "run", *QUERIES) if name in one), None)
        if command is None:
            raise ValueError(f"{directory.name}: a step has build, test, run, query, cquery or aquery")
        given = one.pop(command)
        arguments = tuple(given) if isinstance(given, list) else (given,)
        write = {name: text if isinstance(text, str) else None for name, text in one.pop("write", {}).items()}
        steps.append(
            Step(
                command,
                arguments,
                tuple(one.pop("flags", ())),
                tuple(one.pop("says", ())),
                write,
                one.pop("differs", ""),
                one.pop("outputs", True),
            )
        )
        if one:
            raise ValueError(f"{directory.name}: unknown keys in a step: {sorted(one)}")
    case = Case(
        directory.name,
        directory,
        data.pop("title"),
        tuple(data.pop("covers")),
        tuple(steps),
        data.pop("xfail", ""),
        data.pop("prints", True),
        data.pop("oracle", ""),
    )
    if data:
        raise ValueError(f"{directory.name}: unknown keys: {sorted(data)}")
    return case


def all_cases(names: Iterable[str] = ()) -> list[Case]:
    """Every case, or the named ones, by name."""
    wanted = set(names)
    found = [read_case(one.parent) for one in sorted(CASES.glob("*/case.toml"))]
    if wanted - {one.name for one in found}:
        raise ValueError(f"no such case: {', '.join(sorted(wanted - {one.name for one in found}))}")
    return [one for one in found if not wanted or one.name in wanted]


def apply(step: Step, where: Path) -> None:
    """Write and remove the files that a step changes."""
    for name, text in step.write.items():
        path = where / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def same_words(text: str) -> str:
    """A text with the names that must differ made the same: output roots and canonical repository names."""
    return _CANONICAL_REPO.sub(r"\1\2", _OUTPUT_ROOT.sub("OUT/bin", text))


def content(data: bytes) -> dict[str, Any]:
    """A file's bytes as they are compared: normalised text with its digest, or the digest alone."""
    try:
        text = same_words(data.decode())
    except UnicodeDecodeError:
        return {"sha256": hashlib.sha256(data).hexdigest()}
    out: dict[str, Any] = {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    if len(text) <= _TEXT_LIMIT:
        out["text"] = text
    return out


_CONFIGURATION = re.compile(r" \([\w.-]+\)(?=$|\")", re.MULTILINE)
_INTERNAL = {
    "BaselineCoverage", "FileWrite", "Middleman", "ParameterFile", "RepoMappingManifest", "RunfilesTree",
    "SourceManifest", "SourceSymlinkManifest", "SymlinkTree", "TemplateExpand", "TestRunner",
}  # fmt: skip
"""Mnemonics of what the two tools do by themselves, each in its way."""
_TOOL = re.compile(r"external/bazel_tools/|/_middlemen/|\.runfiles$|\.runfiles/|\.params$|_middleman")


def query_lines(text: str, command: str = "query") -> list[str]:
    """The lines of a query's answer; order counts for nothing, and neither does how the main repository is written."""
    if command == "aquery":
        return sorted(same_words(line) for line in _action_lines(json.loads(text)))
    if command == "cquery":
        text = _CONFIGURATION.sub("", text)
    lines = {same_words(line.strip()).removeprefix("@@") for line in text.splitlines()}
    return sorted(line for line in lines if line)


def _action_lines(container: Mapping[str, Any]) -> Iterator[str]:
    """`MNEMONIC TARGET: INPUTS -> OUTPUTS: ARGUMENTS` of each action of an ActionGraphContainer."""
    by_number = {
        kind: {one["id"]: one for one in container.get(kind, ())}
        for kind in ("artifacts", "targets", "depSetOfFiles", "pathFragments")
    }

    def path(number: int) -> str:
        fragment = by_number["pathFragments"][number]
        parent = fragment.get("parentId")
        return f"{path(parent)}/{fragment['label']}" if parent else fragment["label"]

    def files(number: int) -> Iterator[str]:
        node = by_number["depSetOfFiles"][number]
        for one in node.get("directArtifactIds", ()):
            yield path(by_number["artifacts"][one]["pathFragmentId"])
        for child in node.get("transitiveDepSetIds", ()):
            yield from files(child)

    for action in container.get("actions", ()):
        if action["mnemonic"] in _INTERNAL:
            continue
        target = by_number["targets"][action["targetId"]]["label"].removeprefix("@@")
        inputs = sorted({same_words(one) for number in action.get("inputDepSetIds", ()) for one in files(number)})
        outputs = sorted(
            same_words(path(by_number["artifacts"][one]["pathFragmentId"])) for one in action.get("outputIds", ())
        )
        words = action.get("arguments", [])
        if action["mnemonic"] in ("Genrule", "Symlink", "CopyFile") or (words and words[0] == "rulesengine-op"):
            words = []
        yield (
            f"{action['mnemonic']} {target}: {[one for one in inputs if not _TOOL.search(one)]} -> {outputs}: {words}"
        )
