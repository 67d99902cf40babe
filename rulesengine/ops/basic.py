"""Operations on plain files: `write`, `copy`, `expand_template`, `concat`.

`copy` moves digests, not bytes: a copied file or tree costs nothing and shares its blob.
"""

from __future__ import annotations

from collections.abc import Mapping

from rulesengine.archive.stream import BLOCK
from rulesengine.errors import ExecutionError
from rulesengine.model.directory import Member, TreeNode
from rulesengine.model.operation import OpArguments, operation
from rulesengine.model.ports import OpContext


@operation("write", version="1")
def write(context: OpContext) -> None:
    """`--content TEXT [--executable true] --out FILE`: the text in UTF-8, as it stands."""
    arguments = OpArguments(context.arguments)
    content = arguments.one("content")
    executable = arguments.boolean("executable")
    out = arguments.one("out")
    arguments.finish()
    context.write(out, _utf8(content, "content"), executable=executable)


@operation("copy", version="1")
def copy(context: OpContext) -> None:
    """`--from INPUT [--executable true] [--checked true] --out OUTPUT`: a file or a tree under another name.

    executable: the output is.  checked: the input has to be, and is a file.
    """
    arguments = OpArguments(context.arguments)
    source = arguments.one("from")
    executable = arguments.boolean("executable")
    checked = arguments.boolean("checked")
    out = arguments.one("out")
    arguments.finish()
    if checked and not context.executable(source):
        raise ExecutionError(f"{source} is not executable", hint="set its executable bit, as chmod +x does")
    if not context.is_tree(source):
        made = executable or context.executable(source)
        context.link(out, context.digest(source), executable=made)
        return
    members: dict[str, Member] = {}
    for path, member in context.tree(source):
        members[path] = TreeNode(context.put(b"")) if member is None else member  # the empty Directory message
    context.put_tree(out, members)


@operation("symlink", version="1")
def symlink(context: OpContext) -> None:
    """`--target TEXT --out LINK`: a symbolic link that holds the text, whether anything is there or not."""
    arguments = OpArguments(context.arguments)
    target = arguments.one("target")
    out = arguments.one("out")
    arguments.finish()
    context.symlink(out, target)


@operation("expand_template", version="1")
def expand_template(context: OpContext) -> None:
    """`--template FILE --substitutions JSON [--executable true] --out FILE`.

    Each key is replaced by its value wherever it occurs, one key after the other in the order given, as
    Bazel's ctx.actions.expand_template does.
    """
    arguments = OpArguments(context.arguments)
    template = arguments.one("template")
    substitutions = arguments.json("substitutions", {})
    executable = arguments.boolean("executable")
    out = arguments.one("out")
    arguments.finish()
    if not isinstance(substitutions, Mapping):
        raise ExecutionError("flag --substitutions is not a JSON object")
    data = context.read(template)
    for name, value in substitutions.items():
        if not isinstance(value, str):
            raise ExecutionError(f"substitutions: the value of {name!r} is {value!r}, not a string")
        if not name:
            raise ExecutionError("substitutions: a key is empty")
        data = data.replace(_utf8(name, "substitutions"), _utf8(value, "substitutions"))
    context.write(out, data, executable=executable)


@operation("concat", version="1")
def concat(context: OpContext) -> None:
    """`--from FILE… [--executable true] --out FILE`: the files one after the other."""
    arguments = OpArguments(context.arguments)
    sources = arguments.many("from")
    executable = arguments.boolean("executable")
    out = arguments.one("out")
    arguments.finish()
    with context.create(out, executable=executable) as sink:
        for source in sources:
            context.check()
            with context.open(source) as stream:
                while data := stream.read(BLOCK):
                    sink.write(data)


def _utf8(text: str, what: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ExecutionError(f"{what}: {text!r} is not Unicode text") from None
