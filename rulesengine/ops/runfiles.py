"""Operation `runfiles`: the tree in which an executable finds what it needs at run time."""

from __future__ import annotations

from rulesengine.errors import ExecutionError
from rulesengine.model.artifact import OUTPUT_ROOT
from rulesengine.model.directory import Member, TreeFile, TreeLink, TreeNode
from rulesengine.model.operation import OpArguments, operation
from rulesengine.model.ports import OpContext


@operation("runfiles", version="2")
def runfiles(context: OpContext) -> None:
    """`{--path PATH --file INPUT}… [--text_path PATH --text TEXT] --out TREE`: each input at its path."""
    arguments = OpArguments(context.arguments)
    paths = arguments.many("path")
    files = arguments.many("file")
    text_path = arguments.optional("text_path")
    text = arguments.optional("text")
    out = arguments.one("out")
    arguments.finish()
    if len(paths) != len(files):
        raise ExecutionError(f"{len(paths)} paths and {len(files)} files do not make pairs")
    members: dict[str, Member] = {}
    if text_path:
        members[text_path] = TreeFile(context.put(text.encode()))
    for path, file in zip(paths, files, strict=True):
        target = context.target(file)
        if target is not None:
            members[path] = TreeLink(target)
            continue
        if not context.is_tree(file):
            # What an action made is executable, as in Bazel: rules seldom say it of their programs.
            made = file.startswith(OUTPUT_ROOT + "/")
            members[path] = TreeFile(context.digest(file), made or context.executable(file))
            continue
        found = list(context.tree(file))
        if not found:
            members[path] = TreeNode(context.put(b""))
        for name, member in found:
            members[f"{path}/{name}"] = TreeNode(context.put(b"")) if member is None else member
    context.put_tree(out, members)
