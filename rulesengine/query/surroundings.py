"""Surroundings: what other actions make for an action without a rule's author seeing it; `aquery` looks through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from rulesengine.model.action import ITSELF, Action, Argument, Flags, Lines, PathArgument
from rulesengine.model.artifact import Artifact
from rulesengine.model.command_line import render
from rulesengine.values import field, frozen


@frozen
class Surroundings:
    """Parameter files and runfiles trees, by path.

    spilled: the arguments that a parameter file holds.  runfiles: the files that a program's tree leads to.
    own: those that come along with the program: what its rule makes by default.
    """

    spilled: Mapping[str, Lines] = field(factory=dict)
    runfiles: Mapping[str, frozenset[Artifact]] = field(factory=dict)
    own: Mapping[str, tuple[Artifact, ...]] = field(factory=dict)

    @staticmethod
    def of(actions: Iterable[Action], own_files: Callable[[str], Iterable[Artifact]] | None = None) -> Surroundings:
        """From all actions of an analysis, and what it knows of programs by the paths of their trees."""
        spilled, runfiles, own = {}, {}, {}
        for one in actions:
            if one.mnemonic == "ParameterFile":
                spilled[one.outputs[0].path] = next(word for word in one.arguments if isinstance(word, Lines))
            elif one.mnemonic == "RunfilesTree":
                tree = one.outputs[0].path
                runfiles[tree] = frozenset(one.inputs)
                if own_files is not None:
                    own[tree] = tuple(own_files(tree))
        return Surroundings(spilled, runfiles, own)

    def arguments(self, action: Action) -> list[str]:
        """The command line as the rule gave it: what went to a parameter file is there, a directory is itself.

        Paths are as they are in the execution root.  As Bazel's aquery.
        """
        words: list[Argument] = []
        flags: Sequence[Argument] | None = None
        for one in action.arguments:
            lines = self.spilled.get(one.artifact.path) if isinstance(one, PathArgument) else None
            if lines is not None:
                for item in lines.items:
                    if isinstance(item, Flags):
                        flags = item.groups
                        words += item.groups
                    else:
                        words.append(item)
            elif not (isinstance(one, Flags) and one.groups == flags):  # else: those that are no flags, a second time
                words.append(one)
        return render(words, lambda artifact: artifact.path, lambda _: ITSELF)

    def inputs(self, action: Action) -> list[Artifact]:
        """The inputs, where the runfiles of a program are one tree."""
        trees = [one.path for one in action.inputs.direct if one.path in self.runfiles]
        if not trees:
            return list(action.inputs)
        inside = frozenset().union(*(self.runfiles[one] for one in trees))
        others = [one for below in action.inputs.transitive if not inside.issuperset(below) for one in below]
        own = [file for one in trees for file in self.own.get(one, ())]
        return list(dict.fromkeys([*others, *own, *action.inputs.direct]))


NONE = Surroundings()
