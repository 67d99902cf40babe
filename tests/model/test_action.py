from __future__ import annotations

import pytest

from rulesengine.errors import ConflictError
from rulesengine.model.action import OP_EXECUTABLE, Action, ActionGraph, nested_outputs
from rulesengine.model.artifact import Artifact
from rulesengine.model.depset import Depset


def action(output: Artifact, *arguments: str) -> Action:
    return Action("//a:x", "Make", arguments, Depset(), (output,))


def test_paths_of_artifacts() -> None:
    source = Artifact("a/b.txt", is_source=True)
    outside = Artifact("external/r/a/b.txt", is_source=True)
    output = Artifact("pybuild-out/linux-amd64/bin/a/b.txt")
    foreign = Artifact("pybuild-out/linux-amd64/bin/external/r/a/b.txt")
    assert (source.root, source.short_path, source.mapped_path) == ("", "a/b.txt", "a/b.txt")
    assert (outside.short_path, outside.root_relative_path) == ("../r/a/b.txt", "external/r/a/b.txt")
    assert (output.root, output.short_path) == ("pybuild-out/linux-amd64/bin", "a/b.txt")
    assert output.mapped_path == "pybuild-out/any/bin/a/b.txt"
    assert foreign.short_path == "../r/a/b.txt"


def test_an_output_has_one_maker() -> None:
    graph = ActionGraph()
    output = Artifact("pybuild-out/c/bin/a/o")
    first = action(output)
    graph.add(first)
    assert graph.makers[output] is first
    with pytest.raises(ConflictError, match="file 'a/o' is made by two actions"):
        graph.add(action(output, "other"))
    graph.add(action(output))  # the same one again
    assert graph.actions == [first]


def test_actions_that_are_made_when_somebody_asks() -> None:
    graph = ActionGraph()
    files = [Artifact(f"pybuild-out/c/bin/a/{name}") for name in "abcd"]
    asked: list[str] = []

    def make(what: str) -> list[Action]:
        asked.append(what)
        return [action(files[1]), action(files[2])]

    graph.make = make
    graph.add(action(files[0]))
    graph.later(files[1:3], "b and c")
    graph.add(action(files[3]))
    assert list(graph.outputs) == files
    assert graph.makes(files[2])
    assert not asked
    graph.add(action(files[2]))  # the same once more
    assert asked == ["b and c"]
    with pytest.raises(ConflictError, match="file 'a/b' is made by two actions"):
        graph.add(action(files[1], "other"))
    assert [one.outputs[0] for one in graph.actions] == files
    assert [graph.makers[one].outputs[0] for one in files] == files
    assert asked == ["b and c"]


def test_outputs_inside_outputs() -> None:
    root = "pybuild-out/c/bin/a"
    apart = [Artifact(f"{root}/{name}") for name in ("o", "o.txt", "p/q", "p/r")]
    assert list(nested_outputs(apart)) == []
    inside = Artifact(f"{root}/o/x/y", "//a:x")
    (fault,) = nested_outputs([*apart, inside])
    assert fault.message == "output 'a/o/x/y' of //a:x lies inside output 'a/o' of "
    assert fault.label == "//a:x"


def test_operations_are_told_from_processes() -> None:
    output = Artifact("pybuild-out/c/bin/a/o")
    assert action(output, OP_EXECUTABLE, "tar@2", "--out").op == "tar@2"
    assert action(output, "/bin/true", "x").op is None
    assert action(output).op is None
    assert action(output).describe() == "Make a/o"
