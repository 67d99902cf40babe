"""Expansion of `$(location …)` and of Make variables in commands."""

from __future__ import annotations

import json
import re
from typing import Any

from rulesengine.errors import AnalysisError, did_you_mean
from rulesengine.model.artifact import OUTPUT_ROOT
from rulesengine.model.label import Label
from rulesengine.model.platform import COMMAND_LINE, Configuration

MAIN_REPOSITORY = "_main"
"""The main repository's directory among runfiles, as in Bazel with MODULE.bazel."""
_VARIABLE = re.compile(r"\$(?:\$|\(([^()\s]*)\)|([@<^])|(.?))", re.DOTALL)
_LOCATION = re.compile(
    r"\$\((location|locations|execpath|execpaths|rootpath|rootpaths|rlocationpath|rlocationpaths) ([^)]*)\)"
)


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
        paths = sorted({_path(kind, *file) for file in files})
        if not paths or (not kind.endswith("s") and len(paths) != 1):
            raise AnalysisError(
                f"$({kind} {written}): {label} has {len(paths)} files, not one", label=owner, hint=f"write $({kind}s …)"
            )
        return " ".join(paths)

    return _LOCATION.sub(one, text)


def _path(kind: str, path: str, short_path: str) -> str:
    """How `$(location …)` and its kin write a file; a name without a directory is made to look like a path."""
    if kind.startswith("rlocation"):
        return short_path[3:] if short_path.startswith("../") else f"{MAIN_REPOSITORY}/{short_path}"
    text = path
    if kind.startswith("rootpath"):
        text = "external/" + short_path[3:] if short_path.startswith("../") else short_path
    return text if "/" in text else f"./{text}"


def make_variables(configuration: Configuration) -> dict[str, str]:
    """Make variables: Bazel's predefined ones and `--define` settings."""
    bin_dir = f"{OUTPUT_ROOT}/{configuration.mnemonic}/bin"
    out = {
        "BINDIR": bin_dir,
        "GENDIR": bin_dir,
        "TARGET_CPU": configuration.option("cpu"),
        "COMPILATION_MODE": configuration.option("compilation_mode"),
    }
    prefix = COMMAND_LINE + "define/"
    for name, value in configuration.settings:
        if name.startswith(prefix):
            out[name[len(prefix) :]] = json.loads(value)
    return out


def expand_make(text: str, variables: dict[str, Any]) -> str:
    """Make variables: `$(NAME)`, `$@`, `$<`, `$^`, `$$`.  Raises AnalysisError for an unknown one."""

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name = match[1] if match[1] is not None else match[2] or match[3]
        if name in variables:
            return str(variables[name])
        if name in ("@", "<"):
            what = "output" if name == "@" else "source"
            raise AnalysisError(f"${name} needs exactly one {what}", hint="write $(location LABEL)")
        raise AnalysisError(
            f"$({name}) is not a Make variable" if name else "a lone '$' in a command",
            hint=did_you_mean(name or "", list(variables)) or "write $$ for a dollar sign of the shell's",
        )

    return _VARIABLE.sub(one, text)
