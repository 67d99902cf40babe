"""Actions: from what a rule implementation declared (plain data) to the action graph."""

from __future__ import annotations

import json
import re
from typing import Any

from rulesengine.errors import AnalysisError
from rulesengine.model.action import OP_EXECUTABLE, Action, ActionGraph, Argument, PathArgument
from rulesengine.model.artifact import OUTPUT_ROOT, Artifact
from rulesengine.model.depset import Depset
from rulesengine.model.digest import Digest
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.ports import Listener
from rulesengine.model.rule import Rule

DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
_VARIABLE = re.compile(r"\$(?:\$|\(([^()\s]*)\)|([@<^])|(.?))", re.DOTALL)
_LOCATION = re.compile(
    r"\$\((location|locations|execpath|execpaths|rootpath|rootpaths|rlocationpath|rlocationpaths) ([^)]*)\)"
)


class ActionBuilder:
    """Collects actions and artifacts of an analysis."""

    def __init__(self, depsets: list[tuple[tuple[str, ...], tuple[int, ...], str]], resolve: Any) -> None:
        self.graph = ActionGraph()
        self.artifacts: dict[str, Artifact] = {}
        self._depsets = depsets
        self._made: dict[int, Depset[Artifact]] = {}
        self._resolve = resolve
        self.listener: Listener | None = None

    # ---- artifacts ----------------------------------------------------------

    def output_path(self, label: Label, configuration: Configuration, filename: str) -> str:
        """The execution path of an output of a target."""
        repo = f"external/{label.repo}/" if label.repo else ""
        package = label.package + "/" if label.package else ""
        return f"{OUTPUT_ROOT}/{configuration.mnemonic}/bin/{repo}{package}{filename}"

    def declare(self, label: Label, configuration: Configuration, filename: str, directory: bool) -> Artifact:
        """An output of a target.  Raises AnalysisError for a name outside of its package."""
        parts = filename.split("/")
        if not filename or filename.startswith("/") or any(part in ("", ".", "..") for part in parts):
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

    def add(self, owner: Label, configuration: Configuration, rule: Rule, text: str) -> None:
        """An action as `ctx.actions` described it.  Raises AnalysisError."""
        spec = json.loads(text)
        ids, paths = spec["inputs"]
        direct = [self.artifacts[path] for path in paths]
        outputs = tuple(self.artifacts[path] for path in spec["outputs"])
        mnemonic = spec["mnemonic"]
        if not outputs:
            raise AnalysisError(f"action {mnemonic} has no outputs", label=owner)
        for output in outputs:
            if output.is_source:
                raise AnalysisError(f"action {mnemonic}: {output.path} is a source file, not an output", label=owner)
            if output.owner != str(owner):
                raise AnalysisError(f"action {mnemonic}: {output.path} belongs to {output.owner}", label=owner)
        arguments: list[Argument] = []
        for item in spec["argv"]:
            self._argument(item, spec, arguments, direct, owner, configuration, rule)
        environment = dict(spec.get("env") or {})
        if spec.get("default_env"):
            environment.setdefault("PATH", DEFAULT_PATH)
        requirements = spec.get("requirements") or {}
        pinned: tuple[tuple[Artifact, Digest], ...] = ()
        if spec.get("pin"):
            hash_, size = spec["pin"]
            if not Digest.valid_hash(hash_) or not isinstance(size, int) or size < 0:
                raise AnalysisError(f"fetch: {hash_!r} is not a SHA-256, or {size!r} is not a size", label=owner)
            pinned = ((outputs[0], Digest(hash_, size)),)
        if requirements.get("timeout") and not str(requirements["timeout"]).isdigit():
            raise AnalysisError(f"action {mnemonic}: timeout is a number of seconds", label=owner)
        message = spec.get("progress_message")
        if message:
            message = (
                message.replace("%{label}", str(owner))
                .replace("%{output}", outputs[0].short_path)
                .replace("%{input}", direct[0].short_path if direct else "")
            )
        self.graph.add(
            Action(
                owner=str(owner),
                mnemonic=mnemonic,
                arguments=tuple(arguments),
                inputs=Depset(direct, [self.depset(one) for one in ids]),
                outputs=outputs,
                configuration=configuration.mnemonic,
                environment=tuple(sorted(environment.items())),
                progress_message=message or "",
                pinned=pinned,
                network=bool(pinned) or "requires-network" in requirements,
                cacheable="no-cache" not in requirements,
                timeout=int(requirements.get("timeout") or 0),
            )
        )

    def _argument(
        self,
        item: Any,
        spec: dict[str, Any],
        out: list[Argument],
        direct: list[Artifact],
        owner: Label,
        configuration: Configuration,
        rule: Rule,
    ) -> None:
        if isinstance(item, str):
            out.append(item)
        elif "p" in item:
            out.append(PathArgument(self.artifacts[item["p"]], item["f"]))
        elif "j" in item:
            out.append(item["f"].replace("%s", item["w"].join(self._text(one) for one in item["j"])))
        elif "lines" in item:
            out.append("".join(self._text(one) + "\n" for one in item["lines"]))
        elif "x" in item:
            params = spec["params"][item["x"]]
            if not params["param"]["always"] and len(params["items"]) < 2000:
                for one in params["items"]:
                    self._argument(one, spec, out, direct, owner, configuration, rule)
                return
            first = self.artifacts[spec["outputs"][0]]
            lines = [self._quoted(self._text(one), params["format"]) for one in params["items"]]
            path = f"{first.path}-{item['x']}.params"
            file = self.artifacts[path] = Artifact(path, str(owner))
            self.graph.add(
                Action(
                    owner=str(owner),
                    mnemonic="ParameterFile",
                    arguments=(
                        OP_EXECUTABLE, self._resolve("write"), "--executable", "false", "--content",
                        "".join(line + "\n" for line in lines), "--out", PathArgument(file),
                    ),
                    inputs=Depset(),
                    outputs=(file,),
                    configuration=configuration.mnemonic,
                )
            )  # fmt: skip
            direct.append(file)
            out.append(PathArgument(file, params["param"]["arg"]))
        else:
            raise AnalysisError(f"argument {item!r} is not understood", label=owner)

    def _text(self, item: Any) -> str:
        if isinstance(item, str):
            return item
        return str(item["f"]).replace("%s", item["p"])

    @staticmethod
    def _quoted(text: str, form: str) -> str:
        if form != "shell":
            return text
        import shlex

        return shlex.quote(text)


def expand_location(text: str, owner: Label, known: dict[str, list[list[str]]]) -> str:
    """`$(location LABEL)` and its kin.  Raises AnalysisError for what is no dependency, or not one file."""

    def one(match: re.Match[str]) -> str:
        kind, written = match[1], match[2].strip()
        label = Label.parse(written, repo=owner.repo, package=owner.package)
        files = known.get(str(label))
        if files is None:
            raise AnalysisError(
                f"$({kind} {written}): {label} is not a dependency of this target",
                label=owner,
                hint="add it to srcs, tools or data",
            )
        which = 1 if kind.startswith(("rootpath", "rlocation")) else 0
        paths = [file[which] for file in files]
        if not kind.endswith("s") and len(paths) != 1:
            raise AnalysisError(
                f"$({kind} {written}): {label} has {len(paths)} files, not one", label=owner, hint=f"write $({kind}s …)"
            )
        return " ".join(paths)

    return _LOCATION.sub(one, text)


def expand_make(text: str, variables: dict[str, Any]) -> str:
    """Make variables: `$(NAME)`, `$@`, `$<`, `$^`, `$$`.  Raises AnalysisError for an unknown one."""

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name = match[1] if match[1] is not None else match[2] or match[3]
        if name in variables:
            return str(variables[name])
        from rulesengine.errors import did_you_mean

        if name in ("@", "<"):
            what = "output" if name == "@" else "source"
            raise AnalysisError(f"${name} needs exactly one {what}", hint="write $(location LABEL)")
        raise AnalysisError(
            f"$({name}) is not a Make variable" if name else "a lone '$' in a command",
            hint=did_you_mean(name or "", list(variables)) or "write $$ for a dollar sign of the shell's",
        )

    return _VARIABLE.sub(one, text)


__all__ = ["ActionBuilder", "expand_location", "expand_make"]
