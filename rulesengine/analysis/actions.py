"""Actions: from what a rule implementation declared (plain data) to the action graph."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from attrs import frozen

from rulesengine.analysis.runfiles import REPO_MAPPING, SUFFIX, Runfiles, lay_out
from rulesengine.errors import AnalysisError
from rulesengine.loading.registry import DepsetNode
from rulesengine.model.action import OP_EXECUTABLE, Action, ActionGraph, Argument, PathArgument
from rulesengine.model.artifact import OUTPUT_ROOT, Artifact
from rulesengine.model.depset import Depset
from rulesengine.model.digest import Digest
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration

_PLAIN = re.compile(r"[\w@%:,./+-]+", re.ASCII)
"""What needs no quotes in a parameter file for a shell, as Bazel has it."""
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
PARAM_FILE_AFTER = 2000
"""Arguments after which use_param_file() writes a file."""


@frozen
class _Call:
    """An action in the making.  direct: its inputs so far; a parameter file is added to them."""

    owner: Label
    configuration: Configuration
    params: list[dict[str, Any]]
    output: Artifact
    direct: list[Artifact]


class ActionBuilder:
    """Collects actions and artifacts of an analysis.

    resolve: name of an operation -> its `NAME@VERSION`.
    artifacts: by execution path.
    runfiles: path of an executable -> its runfiles.
    repo_mapping: the repositories of a tree's files -> the text of its `_repo_mapping`.
    """

    def __init__(
        self,
        depsets: list[DepsetNode],
        resolve: Callable[[str], str],
        repo_mapping: Callable[[set[str]], str] = lambda _: "",
    ) -> None:
        self.graph = ActionGraph()
        self.artifacts: dict[str, Artifact] = {}
        self.runfiles: dict[str, Runfiles] = {}
        self._repo_mapping = repo_mapping
        self._trees: dict[str, Artifact] = {}
        self._depsets = depsets
        self._made: dict[int, Depset[Artifact]] = {}
        self._resolve = resolve

    # ---- artifacts ----------------------------------------------------------

    def output_path(self, label: Label, configuration: Configuration, filename: str) -> str:
        """The execution path of an output of a target."""
        repo = f"external/{label.repo}/" if label.repo else ""
        package = label.package + "/" if label.package else ""
        return f"{OUTPUT_ROOT}/{configuration.mnemonic}/bin/{repo}{package}{filename}"

    def declare(self, label: Label, configuration: Configuration, filename: str, directory: bool) -> Artifact:
        """An output of a target.  Raises AnalysisError for a name outside of its package."""
        parts = filename.split("/")
        if (
            not filename
            or filename.startswith("/")
            or any(part in ("", ".", "..") for part in parts)
            or not filename.isprintable()
        ):
            raise AnalysisError(f"output {filename!r} is not a path inside the package", label=label)
        path = self.output_path(label, configuration, filename)
        known = self.artifacts.get(path)
        if known is not None and known.is_directory != directory:
            raise AnalysisError(f"output {filename!r} is declared as a file and as a directory", label=label)
        if known is None:
            known = self.artifacts[path] = Artifact(path, str(label), is_directory=directory)
        return known

    def source(self, label: Label, path: str) -> Artifact:
        """A source file."""
        known = self.artifacts.get(path)
        if known is None:
            known = self.artifacts[path] = Artifact(path, str(label), is_source=True)
        return known

    def register_depset(self, artifact: Artifact) -> int:
        """The number of a new depset that holds one file."""
        self._depsets.append(((artifact.path,), (), "default"))
        return len(self._depsets) - 1

    def depset(self, index: int) -> Depset[Artifact]:
        """The mirror of a Starlark depset."""
        stack = [index]
        while stack:
            top = stack[-1]
            if top in self._made:
                stack.pop()
                continue
            paths, children, order = self._depsets[top]
            missing = [child for child in children if child not in self._made]
            if missing:
                stack.extend(missing)
                continue
            direct = [self.artifacts[path] for path in paths]
            self._made[top] = Depset(direct, [self._made[child] for child in children], order)
            stack.pop()
        return self._made[index]

    # ---- actions ------------------------------------------------------------

    def add(self, owner: Label, configuration: Configuration, text: str) -> None:
        """An action as `ctx.actions` described it.  Raises AnalysisError."""
        spec = json.loads(text)
        ids, paths = spec["inputs"]
        tools = spec.get("tools") or []
        mnemonic = spec["mnemonic"]
        outputs = tuple(self.artifacts[path] for path in spec["outputs"])
        self._check_outputs(mnemonic, outputs, owner)
        direct = [self.artifacts[path] for path in (*paths, *tools)]
        runfiles = [self.runfiles[path].files for path in tools if path in self.runfiles]
        direct += [self.runfiles_tree(path) for path in dict.fromkeys(tools) if path in self.runfiles]
        call = _Call(owner, configuration, spec.get("params") or [], outputs[0], direct)
        arguments: list[Argument] = []
        for item in spec["argv"]:
            self._argument(item, call, arguments)
        environment = dict(spec.get("env") or {})
        if spec.get("default_env"):
            environment.setdefault("PATH", DEFAULT_PATH)
        for name, value in environment.items():
            if not isinstance(value, str):
                raise AnalysisError(f"action {mnemonic}: env {name} is {value!r}, not a string", label=owner)
        requirements = spec.get("requirements") or {}
        pinned = _pinned(spec.get("pin"), outputs[0], owner)
        if requirements.get("timeout") and not str(requirements["timeout"]).isdigit():
            raise AnalysisError(f"action {mnemonic}: timeout is a number of seconds", label=owner)
        self.graph.add(
            Action(
                owner=str(owner),
                mnemonic=mnemonic,
                arguments=tuple(arguments),
                inputs=Depset(direct, [self.depset(one) for one in (*ids, *runfiles)]),
                outputs=outputs,
                configuration=configuration.mnemonic,
                environment=tuple(sorted(environment.items())),
                progress_message=_message(spec.get("progress_message"), owner, outputs[0], direct),
                pinned=pinned,
                network=bool(pinned) or "requires-network" in requirements,
                cacheable="no-cache" not in requirements,
                timeout=int(requirements.get("timeout") or 0),
            )
        )

    def runfiles_tree(self, executable: str) -> Artifact:
        """The tree `EXECUTABLE.runfiles` of an executable that a rule made; its action is declared when it is first
        asked for."""
        tree = self._trees.get(executable)
        if tree is not None:
            return tree
        one = self.runfiles[executable]
        path = executable + SUFFIX
        tree = self.artifacts[path] = self._trees[executable] = Artifact(path, str(one.owner), is_directory=True)
        places = lay_out(
            self.depset(one.files),
            [(name, self.artifacts[target]) for name, target in one.symlinks],
            [(name, self.artifacts[target]) for name, target in one.root_symlinks],
        )
        arguments: list[Argument] = [OP_EXECUTABLE, self._resolve("runfiles")]
        for place, file in places.items():
            arguments += ["--path", place, "--file", PathArgument(file)]
        mapping = self._repo_mapping({Label.parse(file.owner).repo for file in places.values()})
        arguments += ["--text_path", REPO_MAPPING, "--text", mapping, "--out", PathArgument(tree)]
        self.graph.add(
            Action(
                owner=str(one.owner),
                mnemonic="RunfilesTree",
                arguments=tuple(arguments),
                inputs=Depset(list(dict.fromkeys(places.values()))),
                outputs=(tree,),
                configuration=one.configuration.mnemonic,
                progress_message=f"Creating runfiles tree {tree.short_path}",
            )
        )
        return tree

    @staticmethod
    def _check_outputs(mnemonic: str, outputs: tuple[Artifact, ...], owner: Label) -> None:
        if not outputs:
            raise AnalysisError(f"action {mnemonic} has no outputs", label=owner)
        for output in outputs:
            if output.is_source:
                raise AnalysisError(f"action {mnemonic}: {output.path} is a source file, not an output", label=owner)
            if output.owner != str(owner):
                raise AnalysisError(f"action {mnemonic}: {output.path} belongs to {output.owner}", label=owner)

    def _argument(self, item: Any, call: _Call, out: list[Argument]) -> None:
        """Add one argument, as the prelude's `_argument` describes it."""
        if isinstance(item, str):
            out.append(item)
        elif "p" in item:
            out.append(PathArgument(self.artifacts[item["p"]], item["f"]))
        elif "j" in item:
            out.append(item["f"].replace("%s", item["w"].join(_text(one) for one in item["j"])))
        elif "lines" in item:
            out.append("".join(_text(one) + "\n" for one in item["lines"]))
        else:
            params = call.params[item["x"]]
            if not params["param"]["always"] and len(params["items"]) < PARAM_FILE_AFTER:
                for one in params["items"]:
                    self._argument(one, call, out)
                return
            file = self._param_file(call, item["x"], params)
            call.direct.append(file)
            out.append(PathArgument(file, params["param"]["arg"]))

    def _param_file(self, call: _Call, number: int, params: dict[str, Any]) -> Artifact:
        lines = [_quoted(_text(one), params["format"]) for one in params["items"]]
        if params["format"] == "flag_per_line":
            lines = _flag_per_line(lines)
        path = f"{call.output.path}-{number}.params"
        file = self.artifacts[path] = Artifact(path, str(call.owner))
        content = "".join(line + "\n" for line in lines)
        write = (OP_EXECUTABLE, self._resolve("write"), "--executable", "false", "--content", content, "--out")
        self.graph.add(
            Action(
                owner=str(call.owner),
                mnemonic="ParameterFile",
                arguments=(*write, PathArgument(file)),
                inputs=Depset(),
                outputs=(file,),
                configuration=call.configuration.mnemonic,
            )
        )
        return file


def _pinned(pin: Any, output: Artifact, owner: Label) -> tuple[tuple[Artifact, Digest], ...]:
    if not pin:
        return ()
    hash_, size = pin
    if not isinstance(hash_, str) or not Digest.valid_hash(hash_) or not isinstance(size, int) or size < 0:
        raise AnalysisError(f"fetch: {hash_!r} is not a SHA-256, or {size!r} is not a size", label=owner)
    return ((output, Digest(hash_, size)),)


def _message(text: str | None, owner: Label, output: Artifact, inputs: list[Artifact]) -> str:
    """A progress message with Bazel's placeholders filled in."""
    if not text:
        return ""
    text = text.replace("%{label}", str(owner)).replace("%{output}", output.short_path)
    return text.replace("%{input}", inputs[0].short_path if inputs else "")


def _text(item: Any) -> str:
    """An argument as a text: paths as they are in the execution root."""
    return item if isinstance(item, str) else str(item["f"]).replace("%s", item["p"])


def _flag_per_line(arguments: list[str]) -> list[str]:
    """Each flag on a line with what follows it: `--name=first second`."""
    out: list[str] = []
    for one in arguments:
        if one.startswith("--") or not out:
            out.append(one)
        elif "=" in out[-1] or not out[-1].startswith("--") or " " in out[-1]:
            out[-1] += " " + one
        else:
            out[-1] += "=" + one
    return out


def _quoted(text: str, form: str) -> str:
    if form != "shell" or (text and _PLAIN.fullmatch(text)):
        return text
    return "'" + text.replace("'", "'\\''") + "'"
