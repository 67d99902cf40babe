"""`--execution_log_json_file`: one SpawnExec for each action, in Bazel's shape (src/main/protobuf/spawn.proto)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from rulesengine.cli.records.record import Output, Record
from rulesengine.cli.records.secrets import variable, without_secrets
from rulesengine.model.events import ActionDetails, Event, FileDetails


class ExecutionLog(Record):
    """JSON objects one after the other, in the order in which actions ended.

    An action whose result was in the cache is there too, as one from Bazel's disk cache: two logs of two builds can
    be compared line by line, whichever of them ran what.
    """

    def __init__(self, output: Output) -> None:
        self._output = output

    def __call__(self, event: Event) -> None:
        """Write an action down."""
        if isinstance(event, ActionDetails):
            self._output.write(json.dumps(spawn(event), indent=2, ensure_ascii=False) + "\n", flush=not event.cached)

    def close(self, code: int, fault: BaseException | None) -> None:  # noqa: ARG002 - the protocol's parameters
        """End the file."""
        self._output.close()


def spawn(event: ActionDetails) -> dict[str, object]:
    """A SpawnExec as Bazel prints it: 64-bit numbers are texts (proto3's JSON)."""
    metrics: dict[str, object] = {
        "inputFiles": str(len(event.inputs)),
        "inputBytes": str(sum(one.size for one in event.inputs)),
    }
    if not event.cached:
        metrics = {
            "totalTime": f"{event.seconds:.3f}s",
            "executionWallTime": f"{event.seconds:.3f}s",
            **metrics,
            "startTime": moment(event.started),
        }
    return {
        "commandArgs": [without_secrets(word) for word in event.arguments],
        "environmentVariables": [
            {"name": name, "value": variable(name, value)} for name, value in sorted(event.environment)
        ],
        "platform": {"properties": [{"name": name, "value": value} for name, value in sorted(event.platform)]},
        "inputs": [_file(one) for one in event.inputs],
        "listedOutputs": list(event.listed),
        "remotable": True,
        "cacheable": event.cacheable,
        "timeoutMillis": str(event.timeout * 1000),
        "mnemonic": event.mnemonic,
        "actualOutputs": [_file(one) for one in event.outputs],
        "runner": "disk cache hit" if event.cached else event.runner,
        "cacheHit": event.cached,
        "status": "" if not event.failed else "NON_ZERO_EXIT" if event.exit_code else "EXECUTION_FAILED",
        "exitCode": event.exit_code,
        "remoteCacheable": event.cacheable,
        "targetLabel": event.owner,
        "digest": {"hash": event.key, "hashFunctionName": "SHA-256"},
        "metrics": metrics,
    }


def _file(one: FileDetails) -> dict[str, object]:
    return {
        "path": one.path + ("/" if one.directory else ""),
        "digest": {"hash": one.hash, "sizeBytes": str(one.size), "hashFunctionName": "SHA-256"},
        "isTool": False,
        "symlinkTargetPath": "",
    }


def moment(seconds: float) -> str:
    """`2026-11-21T08:33:57.603Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
