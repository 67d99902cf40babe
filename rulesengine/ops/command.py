"""`rulesengine-op NAME@VERSION FLAGS…`: runs one operation on plain files, as a remote worker does."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rulesengine.errors import EXIT_COMMAND_LINE, EXIT_INTERNAL, EXIT_INTERRUPTED, RulesEngineError, UsageError
from rulesengine.ops.file_context import FileContext
from rulesengine.ops.registry import operations


def run(arguments: Sequence[str], root: str = ".") -> None:
    """Run `NAME@VERSION FLAGS…`; paths are relative to `root`.  Raises RulesEngineError."""
    if not arguments or arguments[0] in ("--help", "-h"):
        raise UsageError(
            "usage: rulesengine-op NAME[@VERSION] --FLAG VALUE…", hint="operations: " + ", ".join(operations().names())
        )
    name, at, version = arguments[0].partition("@")
    operation = operations().named(name)
    if at and version != operation.version:
        raise UsageError(
            f"this worker has {operation.key}, not {arguments[0]}",
            hint="install the same version of rulesengine on workers and clients",
        )
    with FileContext(arguments[1:], root) as context:
        try:
            operation.function(context)
        except OSError as fault:
            raise RulesEngineError(f"{operation.name}: {fault}") from fault


def main() -> int:
    """The console script."""
    try:
        run(sys.argv[1:])
    except RulesEngineError as error:
        print(f"rulesengine-op: {error}", file=sys.stderr)
        return EXIT_COMMAND_LINE if isinstance(error, UsageError) else error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user
        print(f"rulesengine-op: internal error: {type(error).__name__}: {error}", file=sys.stderr)
        return EXIT_INTERNAL
    return 0


if __name__ == "__main__":
    sys.exit(main())
