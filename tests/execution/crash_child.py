"""A building process that a test kills: `crash_child.py ROOT SEED`."""

import os
import sys
from pathlib import Path

from rulesengine.model.action import ActionGraph
from rulesengine.model.artifact import Artifact
from tests.execution.bench import Bench, graph_of, made, op_action, shell, source


def _write(bench: Bench, name: str, text: str) -> Artifact:
    """Whole at every time: other processes read it."""
    whole = bench.workspace / f"{name}.{os.getpid()}"
    whole.write_text(text)
    whole.replace(bench.workspace / name)
    return source(name)


def workload(bench: Bench, size: int = 12) -> tuple[ActionGraph, list[Artifact]]:
    """Operations with large outputs and commands, each on the outputs of the ones before."""
    sources = [_write(bench, f"s{number}", f"text {number}\n" * 2000) for number in range(4)]
    outs = [made(f"o{number}") for number in range(size)]
    actions = []
    for number, out in enumerate(outs):
        inputs = [sources[number % 4], *outs[max(0, number - 2) : number]]
        if number % 4 == 3:
            names = " ".join(one.path for one in inputs)
            actions.append(shell(f"cat {names} {names} > {out.path}", inputs, [out]))
        else:
            actions.append(op_action("mix", inputs, [out], "--salt", str(number)))
    return graph_of(*actions), outs


if __name__ == "__main__":
    bench = Bench(Path(sys.argv[1]))
    graph, outs = workload(bench)
    result = bench.build(graph, *outs, jobs=2)
    print(result.run, result.cached, *[result.values[out].digest.hash for out in outs])
    bench.close()
