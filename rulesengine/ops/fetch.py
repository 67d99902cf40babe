"""Operation `fetch`: pinned bytes from outside become a file."""

from __future__ import annotations

from rulesengine.errors import ExecutionError
from rulesengine.model.digest import Digest
from rulesengine.model.operation import OpArguments, operation
from rulesengine.model.ports import OpContext, Pin


@operation("fetch", version="1")
def fetch(context: OpContext) -> None:
    """`--sha256 HEX --size BYTES --kind KIND --path PATH [--snapshot STAMP] --out FILE`: see ports.Pin."""
    arguments = OpArguments(context.arguments)
    sha256 = arguments.one("sha256")
    size = arguments.one("size")
    kind = arguments.one("kind")
    path = arguments.one("path")
    snapshot = arguments.optional("snapshot")
    out = arguments.one("out")
    arguments.finish()
    if not Digest.valid_hash(sha256):
        raise ExecutionError(f"--sha256 {sha256!r} is not 64 lower-case hexadecimal digits")
    if not (size.isascii() and size.isdigit()):
        raise ExecutionError(f"--size {size!r} is not a number of bytes")
    context.fetch(out, Pin(Digest(sha256, int(size)), kind, path, snapshot))
