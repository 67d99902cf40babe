"""Actions: from what a rule implementation declared (plain data) to the action graph."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from rulesengine.analysis.requirements import resources_of
from rulesengine.analysis.runfiles import REPO_MAPPING, SUFFIX, Runfiles, lay_out
from rulesengine.errors import AnalysisError, ConflictError
from rulesengine.loading.registry import DepsetNode
from rulesengine.model.action import (
    OP_EXECUTABLE,
    Action,
    ActionGraph,
    Argument,
    Flags,
    Group,
    LateArgument,
    Lines,
    Members,
    PathArgument,
    TreeArgument,
    Vector,
)
from rulesengine.model.artifact import OUTPUT_ROOT, STABLE_STATUS, VOLATILE_STATUS, Artifact
from rulesengine.model.command_line import is_late
from rulesengine.model.depset import Depset
from rulesengine.model.digest import Digest
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.values import frozen

_SIMPLE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.+-]*", re.ASCII)
"""Most outputs' names; others are looked at more closely."""
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
PARAM_FILE_AFTER = 32768
"""Characters of arguments from which use_param_file() writes a file, as Bazel's --min_param_file_size."""


_PLAIN = 4
"""Parts of an action that is a mnemonic, arguments, inputs (depsets are one more) and outputs, and nothing else."""
_SHORT = 16
"""Characters of an argument that many actions have, such as an option."""
_EMPTY: Depset[Artifact] = Depset()
_TAKEN: DepsetNode = ([], [], "default")
"""Stands for what a depset was made of, which is not needed any more.  Depsets of .bzl files hold no files: another
analysis may ask for those again."""

Late = Callable[[int, Callable[[str], Sequence[str]]], list[Any]]


@frozen
class _Call:
    """An action in the making.

    direct, transitive: its inputs so far; a parameter file is added to them.
    late: what a rule's own function makes of trees: its number, and how to look into a tree -> arguments.
    """

    owner: Label
    configuration: Configuration
    params: list[dict[str, Any]]
    output: Artifact
    direct: list[Artifact]
    transitive: list[Depset[Artifact]]
    late: Late | None


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
        self.artifacts: dict[str, Artifact] = {one: Artifact(one) for one in (STABLE_STATUS, VOLATILE_STATUS)}
        self.runfiles: dict[str, Runfiles] = {}
        self._repo_mapping = repo_mapping
        self._trees: dict[str, Artifact] = {}
        self._shared: set[tuple[str, str]] = set()
        self._depsets = depsets
        self._made: dict[int, Depset[Artifact]] = {}
        self._singles: dict[str, Depset[Artifact]] = {}
        self._resolve = resolve

    # ---- artifacts ----------------------------------------------------------

    def output_path(self, label: Label, configuration: Configuration, filename: str) -> str:
        """The execution path of an output of a target."""
        repo = f"external/{label.repo}/" if label.repo else ""
        package = label.package + "/" if label.package else ""
        return f"{OUTPUT_ROOT}/{configuration.mnemonic}/bin/{repo}{package}{filename}"

    def declare(self, label: Label, configuration: Configuration, filename: str, kind: str = "file") -> Artifact:
        """An output of a target: a `file`, `directory` or `symlink`.

        Raises AnalysisError for a name outside of its package.
        """
        if not _SIMPLE_NAME.fullmatch(filename) and (
            not filename
            or filename.startswith("/")
            or any(part in ("", ".", "..") for part in filename.split("/"))
            or not filename.isprintable()
        ):
            raise AnalysisError(f"output {filename!r} is not a path inside the package", label=label)
        path = self.output_path(label, configuration, filename)
        known = self.artifacts.get(path)
        if known is None:
            known = self.artifacts[path] = Artifact(
                path, str(label), is_directory=kind == "directory", is_symlink=kind == "symlink"
            )
            return known
        if known.kind != kind:
            raise AnalysisError(f"output {filename!r} is declared as a {known.kind} and as a {kind}", label=label)
        if known.owner != str(label):  # both may make it, if they do so alike
            self._shared.add((path, str(label)))
        return known

    def source(self, label: Label, path: str) -> Artifact:
        """A source file."""
        known = self.artifacts.get(path)
        if known is None:
            known = self.artifacts[path] = Artifact(path, str(label), is_source=True)
        return known

    def depset(self, node: int | list[str]) -> Depset[Artifact]:
        """The mirror of a Starlark depset: of its number, or of one that is the paths of its files."""
        if isinstance(node, list):
            return self._leaf(node)
        made = self._made.get(node)
        if made is not None:
            return made
        stack = [node]
        while stack:
            top = stack[-1]
            if top in self._made:
                stack.pop()
                continue
            paths, children, order = self._depsets[top]
            missing = [child for child in children if not isinstance(child, list) and child not in self._made]
            if missing:
                stack.extend(missing)
                continue
            self._made[top] = Depset(
                [self.artifacts[path] for path in paths],
                [self._leaf(child) if isinstance(child, list) else self._made[child] for child in children],
                order,
            )
            self._depsets[top] = _TAKEN
            stack.pop()
        return self._made[node]

    def _leaf(self, paths: list[str]) -> Depset[Artifact]:
        """Files without more depsets below; those of one file, which many others hold, are made once."""
        if len(paths) != 1:
            return Depset([self.artifacts[path] for path in paths]) if paths else _EMPTY
        found = self._singles.get(paths[0])
        if found is None:
            found = self._singles[paths[0]] = Depset([self.artifacts[paths[0]]])
        return found

    # ---- actions ------------------------------------------------------------

    def later(self, owner: Label, paths: list[str], what: Any) -> bool:
        """Declare files of a target, and that actions make them which ActionGraph.make gives for `what`.

        False, and nothing is done, where one of the files is declared already.
        """
        artifacts = self.artifacts
        for path in paths:
            if path in artifacts:
                return False
        name = str(owner)
        made = [Artifact(path, name) for path in paths]
        artifacts.update(zip(paths, made, strict=True))
        self.graph.later(made, what)
        return True

    def add(self, owner: Label, configuration: Configuration, spec: dict[str, Any], late: Late) -> None:
        """Add an action as `ctx.actions` described it.  Raises AnalysisError, ConflictError."""
        self.graph.add(self.action(owner, configuration, spec, late))

    def action(
        self, owner: Label, configuration: Configuration, spec: dict[str, Any], late: Late | None = None
    ) -> Action:
        """An action as `ctx.actions` described it.  Raises AnalysisError.

        late: as of `_Call`; not for actions without functions that look into trees.
        """
        ids = spec.get("ids")
        tools = spec.get("tools")
        mnemonic = spec["mnemonic"]
        name = str(owner)
        artifacts = self.artifacts
        outputs = tuple([artifacts[path] for path in spec["outputs"]])
        self._check_outputs(mnemonic, outputs, owner)
        transitive = [self.depset(one) for one in ids] if ids else []
        direct = [artifacts[path] for path in spec["paths"]]
        if len(spec) == (_PLAIN + 1 if ids else _PLAIN) and all(type(item) is str for item in spec["argv"]):
            return Action(
                owner=name,
                mnemonic=sys.intern(mnemonic),
                arguments=tuple([_held(artifacts.get(item), item) for item in spec["argv"]]),
                inputs=Depset(direct, transitive),
                outputs=outputs,
                configuration=configuration.mnemonic,
            )
        if tools:
            programs = [path for path in dict.fromkeys(tools) if path in self.runfiles]
            direct += [artifacts[path] for path in tools]
            direct += [self.runfiles_tree(path) for path in programs]
            for path in programs:
                transitive += [self.depset(self.runfiles[path].own), self.depset(self.runfiles[path].files)]
        argv = spec["argv"]
        arguments: list[Argument]
        if all(type(item) is str for item in argv):
            arguments = argv
        else:
            call = _Call(owner, configuration, spec.get("params") or [], outputs[0], direct, transitive, late)
            arguments = []
            for item in argv:
                self._argument(item, call, arguments)
        environment = spec.get("env") or {}
        if spec.get("default_env"):
            environment.setdefault("PATH", DEFAULT_PATH)
        for variable, value in environment.items():
            if not isinstance(value, str):
                raise AnalysisError(f"action {mnemonic}: env {variable} is {value!r}, not a string", label=owner)
        requirements = spec.get("requirements") or {}
        pinned = _pinned(spec.get("pin"), outputs[0], owner)
        timeout = str(requirements.get("timeout") or 0)
        if not (timeout.isascii() and timeout.isdigit()):
            raise AnalysisError(f"action {mnemonic}: timeout is a number of seconds", label=owner)
        message = spec.get("progress_message")
        return Action(
            owner=name,
            mnemonic=sys.intern(mnemonic),
            arguments=tuple(arguments),
            inputs=Depset(direct, transitive),
            outputs=outputs,
            configuration=configuration.mnemonic,
            environment=tuple(sorted(environment.items())) if environment else (),
            progress_message=_message(message, owner, outputs[0], direct) if message else "",
            pinned=pinned,
            network=bool(pinned) or ("requires-network" in requirements and "block-network" not in requirements),
            cacheable="no-cache" not in requirements,
            timeout=int(requirements.get("timeout") or 0),
            local="local" in requirements or "no-sandbox" in requirements,
            resources=resources_of(requirements, owner),
            exclusive="exclusive" in requirements,
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

    def own_files(self, tree: str) -> Depset[Artifact]:
        """The default outputs of the rule whose program has a runfiles tree: what comes along with it as a tool."""
        return self.depset(self.runfiles[tree.removesuffix(SUFFIX)].own)

    def _check_outputs(self, mnemonic: str, outputs: tuple[Artifact, ...], owner: Label) -> None:
        if not outputs:
            raise AnalysisError(f"action {mnemonic} has no outputs: 'outputs' may not be empty", label=owner)
        for output in outputs:
            if output.is_source:
                raise AnalysisError(f"action {mnemonic}: {output.path} is a source file, not an output", label=owner)
            if output.owner != str(owner) and (output.path, str(owner)) not in self._shared:
                raise ConflictError(f"action {mnemonic}: {output.path} belongs to {output.owner}", label=owner)

    def _argument(self, item: Any, call: _Call, out: list[Argument]) -> None:
        """Add one argument, as the prelude's `_argument` describes it."""
        if isinstance(item, str):
            out.append(item)
        elif "p" in item:
            out.append(PathArgument(self.artifacts[item["p"]], item["f"]))
        elif "v" in item:
            out.append(self._vector(item, call))
        elif "g" in item:
            out.append(Group(tuple(self._arguments(item["g"], call))))
        elif "lines" in item:
            out.append(Lines(tuple(self._arguments(item["lines"], call)), item["form"]))
        else:
            params = call.params[item["x"]]
            arguments = self._arguments(params["items"], call)
            if not params["param"]["always"] and sum(_length(one) for one in arguments) < PARAM_FILE_AFTER:
                out += arguments
                return
            form = params["format"]
            inside = (Flags(tuple(arguments)),) if form == "flag_per_line" else tuple(arguments)
            file = self._param_file(call, item["x"], Lines(inside, form))
            call.direct.append(file)
            out.append(PathArgument(file, params["param"]["arg"]))
            if form == "flag_per_line":
                out.append(Flags(tuple(arguments), flags=False))

    def _arguments(self, items: list[Any], call: _Call) -> list[Argument]:
        out: list[Argument] = []
        for item in items:
            self._argument(item, call, out)
        return out

    def _vector(self, item: dict[str, Any], call: _Call) -> Vector:
        values: list[str | PathArgument | TreeArgument | LateArgument] = []
        for one in item["v"]:
            if isinstance(one, str):
                values.append(one)
            elif "d" in one:
                values.append(TreeArgument(self.artifacts[one["d"]], one["f"]))
            elif "l" in one:
                values.append(self._late(call, one["l"], one["f"]))
            else:
                values.append(PathArgument(self.artifacts[one["p"]], one["f"]))
        name, before, terminate = item["name"], item["before"], item["terminate"]
        join = item["join"]
        return Vector(
            tuple(values), name, before, terminate, item["omit"], item["unique"], None if join is None else tuple(join)
        )

    def _late(self, call: _Call, index: int, form: str) -> LateArgument:
        def make(members: Members) -> list[str | PathArgument]:
            assert call.late is not None
            texts = call.late(index, lambda path: members(self.artifacts[path]))
            return [one if isinstance(one, str) else PathArgument(self.artifacts[one["p"]], one["f"]) for one in texts]

        return LateArgument(make, form)

    def _param_file(self, call: _Call, number: int, content: Lines) -> Artifact:
        path = f"{call.output.path}-{number}.params"
        file = self.artifacts[path] = Artifact(path, str(call.owner))
        write = (OP_EXECUTABLE, self._resolve("write"), "--executable", "false", "--content", content, "--out")
        trees: Depset[Artifact] = Depset()
        if is_late(content):  # it looks into what the action itself gets
            trees = Depset([one for one in Depset(call.direct, call.transitive) if one.is_directory])
        self.graph.add(
            Action(
                owner=str(call.owner),
                mnemonic="ParameterFile",
                arguments=(*write, PathArgument(file)),
                inputs=trees,
                outputs=(file,),
                configuration=call.configuration.mnemonic,
            )
        )
        return file


def _held(file: Artifact | None, text: str) -> str:
    """An argument as a text that is held anyway, where there is one: each came out of JSON by itself."""
    return file.path if file is not None else sys.intern(text) if len(text) < _SHORT else text


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


def _length(argument: Argument) -> int:
    """How long an argument is on a command line, about, with what separates it."""
    if isinstance(argument, str):
        return len(argument) + 1
    if isinstance(argument, PathArgument):
        return len(argument.artifact.path) + len(argument.format) - 1
    if isinstance(argument, Group):
        return sum(_length(one) for one in argument.items)
    if isinstance(argument, Vector):
        return sum(len(one) + 1 if isinstance(one, str) else 100 for one in argument.values)
    return 100
