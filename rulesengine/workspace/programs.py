"""Programs: executables among the targets asked for: their runfiles trees, and how they are run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from rulesengine.analysis import Analysis, ConfiguredTarget
from rulesengine.analysis.expansion import MAIN_REPOSITORY
from rulesengine.errors import UsageError
from rulesengine.model.artifact import Artifact
from rulesengine.model.label import Label
from rulesengine.workspace.result import Program
from rulesengine.workspace.test_actions import program_arguments, program_environment

Beside = Mapping[ConfiguredTarget, Sequence[Artifact]]


def beside(asked: Sequence[tuple[Label, ConfiguredTarget]], analysis: Analysis) -> Beside:
    """What stands in the output tree with each executable: its runfiles tree, and itself if it is no default output."""
    out: dict[ConfiguredTarget, Sequence[Artifact]] = {}
    for _, one in asked:
        if one.executable is None or one.executable.is_source or analysis.runfiles_tree is None:
            continue
        own = () if one.executable in one.files else (one.executable,)
        out[one] = (*own, analysis.runfiles_tree(one.executable.path))
    return out


def program(
    one: ConfiguredTarget, beside_it: Sequence[Artifact], analysis: Analysis, output_base: str, root: str, source: str
) -> Program:
    """How a target is run.  source: where a source file is.  Raises UsageError where it is no program."""
    executable = one.executable
    if executable is None and len(one.files) == 1 and one.target.kind != "rule":
        [executable] = one.files
    if executable is None:
        raise UsageError(
            f"cannot run {one.label}: it is not executable",
            hint="a rule is when it says executable = True, and a genrule with one output when its executable is True",
        )
    if not beside_it:
        path = source if executable.is_source else os.path.join(output_base, executable.path)
        return Program(path, root)
    tree = os.path.join(output_base, beside_it[-1].path)
    environment = dict(one.environment)
    if one.target.rule is not None and one.target.rule.test:
        environment |= program_environment(one, tree)
    return Program(
        os.path.join(output_base, executable.path),
        os.path.join(tree, MAIN_REPOSITORY),
        tuple(program_arguments(one, analysis)),
        environment,
        one.inherited,
    )
