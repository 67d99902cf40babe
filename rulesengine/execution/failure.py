"""Failures of actions as a person reads them."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence

from rulesengine.errors import ExecutionError, HashMismatchError, LostBlobError, RulesEngineError
from rulesengine.execution.store import is_complete
from rulesengine.model.action import Action
from rulesengine.model.artifact import Artifact, FileValue, LinkValue, TreeValue, Value
from rulesengine.model.ports import BlobStore, Result
from rulesengine.values import frozen

TAIL = 4096
"""Bytes of standard error (or output) that an error shows."""


@frozen
class ActionFailure:
    """An action that failed, and why; the error's label is the action's owner."""

    action: Action
    error: RulesEngineError


def out_of_date(action: Action) -> ExecutionError:
    """The error for an action that would have to run, where nothing may (`--check_up_to_date`)."""
    return ExecutionError(
        f"{_what(action)} is not up to date", label=action.owner or None, hint="build without --check_up_to_date"
    )


def exit_failure(action: Action, arguments: Sequence[str], result: Result, verbose: bool) -> ExecutionError:
    """The error for a command that ended with another code than 0."""
    return ExecutionError(
        f"{_what(action)} failed: {exit_status(result.exit_code)}",
        label=action.owner or None,
        notes=[*_command(action, arguments, verbose), *_printed(result)],
        hint=None
        if verbose or action.op
        else "--verbose_failures shows the command, --sandbox_debug keeps its directory",
    )


def raised_failure(action: Action, arguments: Sequence[str], fault: BaseException, verbose: bool) -> RulesEngineError:
    """The error for an action whose runner raised: its own class where it is one of ours."""
    if isinstance(fault, RulesEngineError):
        if fault.label is None and action.owner:
            fault.label = action.owner
        fault.notes = (*fault.notes, f"while running {_what(action)}", *_command(action, arguments, verbose))
        return fault
    import traceback

    frames = traceback.format_exception(fault)
    return ExecutionError(
        f"{_what(action)} failed: {type(fault).__name__}: {fault}",
        label=action.owner or None,
        notes=[*_command(action, arguments, verbose), "".join(frames[-6:])],
        hint="this is a fault of the operation itself: please report it, with the lines above",
    )


_KINDS: dict[type[Value], str] = {FileValue: "file", TreeValue: "directory", LinkValue: "symlink"}


def wrong_outputs(action: Action, outputs: Mapping[Artifact, Value], store: BlobStore) -> RulesEngineError | None:
    """What is wrong with the outputs that a runner returned: not the declared ones, kinds or pinned digests."""
    missing = [output.path for output in action.outputs if output not in outputs]
    if missing:
        return ExecutionError(
            f"{action.describe()} did not make its output {', '.join(missing)}", label=action.owner or None
        )
    if len(outputs) > len(action.outputs):
        extra = sorted(output.path for output in outputs if output not in action.outputs)
        return ExecutionError(f"{action.describe()} made {', '.join(extra)}, not declared", label=action.owner or None)
    for output, value in outputs.items():
        if _KINDS[type(value)] != output.kind:
            return ExecutionError(
                f"{output.path} is not the {output.kind} it is declared as", label=action.owner or None
            )
        if not is_complete(store, value, store.has):
            return LostBlobError(
                f"{output.path} vanished from the cache as soon as it was made",
                label=action.owner or None,
                hint="does another program empty the cache?",
            )
    for output, digest in action.pinned:
        if outputs[output].digest != digest:
            return HashMismatchError(
                f"{output.path} is {outputs[output].digest}, not the pinned {digest}", label=action.owner or None
            )
    return None


def again(error: RulesEngineError, owner: str) -> RulesEngineError:
    """The same error for another target whose action is the same command."""
    other = type(error)(error.message, label=owner or None, hint=error.hint)
    other.notes = error.notes
    return other


def exit_status(code: int) -> str:
    """`exit code 3` or `killed by SIGSEGV`."""
    if code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"exit code {code}"


def _what(action: Action) -> str:
    return f"{action.mnemonic} ({action.describe()})" if action.progress_message else action.describe()


def _command(action: Action, arguments: Sequence[str], verbose: bool) -> list[str]:
    if not verbose:
        return []
    import shlex

    environment = [f"{name}={shlex.quote(value)}" for name, value in action.environment]
    return ["command: " + " ".join([*environment, *map(shlex.quote, arguments)])]


def _printed(result: Result) -> list[str]:
    """What the command wrote, standard output first; the end of it where it is long."""
    notes = []
    for data in (result.stdout, result.stderr):
        text = data[-TAIL:].decode("utf-8", "replace").rstrip()
        if text:
            notes.append(("… " if len(data) > TAIL else "") + text)
    return notes or ["it printed nothing"]
