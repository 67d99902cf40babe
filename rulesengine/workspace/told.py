"""What a build tells of its targets to a listener that asked for details."""

from __future__ import annotations

from rulesengine.analysis import ConfiguredTarget
from rulesengine.model.events import OutputFile, TargetCompleted, TargetConfigured
from rulesengine.model.label import Label
from rulesengine.workspace.groups import DEFAULT, Groups
from rulesengine.workspace.result import TargetResult

_KINDS = {"source": "source file", "generated": "generated file", "package_group": "package group"}


def told_configured(label: Label, one: ConfiguredTarget) -> TargetConfigured:
    """That a requested target is analysed."""
    target = one.target
    kind = f"{target.rule.name} rule" if target.rule is not None else _KINDS.get(target.kind, target.kind)
    tags = target.attributes.get("tags")
    size = target.attributes.get("size") if target.rule is not None and target.rule.test else None
    return TargetConfigured(
        str(label),
        kind,
        one.configuration.mnemonic,
        str(one.configuration.platform),
        tuple(str(tag) for tag in tags) if isinstance(tags, list | tuple) else (),
        str(size or "medium") if target.rule is not None and target.rule.test else "",
    )


def told_completed(result: TargetResult, one: ConfiguredTarget, groups: Groups) -> TargetCompleted:
    """That a requested target is built, with the files of each group, or is not."""
    made = {output.name: output for output in result.outputs}
    found: dict[str, tuple[OutputFile, ...]] = {}
    for name in groups.shown:
        files = one.groups.get(name) or (one.depset if name == DEFAULT else ())
        found[name] = tuple(
            OutputFile(
                file.root_relative_path,
                file.root,
                made[file.root_relative_path].path,
                made[file.root_relative_path].digest.hash,
                made[file.root_relative_path].size,
                file.is_directory,
            )
            for file in files
            if file.root_relative_path in made
        )
    return TargetCompleted(
        result.label, one.configuration.mnemonic, result.failed, () if result.failed else tuple(found.items())
    )
