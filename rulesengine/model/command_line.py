"""Arguments as texts: what directories are expanded to, and what a parameter file holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from rulesengine.model.action import (
    ITSELF,
    Argument,
    Flags,
    Group,
    LateArgument,
    Lines,
    Members,
    PathArgument,
    TreeArgument,
    Vector,
)
from rulesengine.model.artifact import Artifact

_PLAIN = r"(?a:[\w@%:,./+-]+)"
"""What needs no quotes in a parameter file for a shell, as Bazel has it."""

Path = Callable[[Artifact], str]


def render(arguments: Iterable[Argument], path: Path, members: Members) -> list[str]:
    """The texts of a command line.  path: how artifacts are spelled; members: the files of a tree."""
    out: list[str] = []
    for one in arguments:
        if isinstance(one, str):
            out.append(one)
        elif isinstance(one, PathArgument):
            out.append(formatted(one.format, path(one.artifact)))
        elif isinstance(one, Vector):
            out += _vector(one, path, members)
        elif isinstance(one, Group):
            out += _group(render(one.items, path, members))
        elif isinstance(one, Flags):
            out += [text for text in render(one.groups, path, members) if text.startswith("--") is one.flags]
        else:
            lines = _lines(one, path, members)
            out.append("".join(line + "\n" for line in lines))
    return out


def no_trees(tree: Artifact) -> list[str]:
    """Members for those who expect no trees.  Raises KeyError."""
    raise KeyError(tree.path)


def formatted(form: str, text: str) -> str:
    """`form` with its `%s` replaced."""
    return text if form == "%s" else form.replace("%s", text, 1)


def is_late(argument: Argument) -> bool:
    """Whether what the argument says is known only when trees can be looked into."""
    if isinstance(argument, Flags):
        return any(is_late(one) for one in argument.groups)
    if isinstance(argument, Group | Lines):
        return any(is_late(one) for one in argument.items)
    return isinstance(argument, Vector)


def _vector(vector: Vector, path: Path, members: Members) -> Iterator[str]:
    texts: list[str] = []
    for one in vector.values:
        if isinstance(one, TreeArgument):
            root = path(one.artifact)
            names = members(one.artifact)
            files = [root] if names is ITSELF else [f"{root}/{name}" for name in names]
            texts += [formatted(one.format, file) for file in files]
        elif isinstance(one, LateArgument):
            texts += [formatted(one.format, text) for text in render(one.make(members), path, members)]
        else:
            texts += render([one], path, members)
    if vector.uniquify:
        texts = list(dict.fromkeys(texts))
    if not texts and vector.omit_if_empty:
        return
    if vector.name is not None:
        yield vector.name
    if vector.join is not None:
        separator, form = vector.join
        yield formatted(form, separator.join(texts))
        return
    for text in texts:
        if vector.before_each is not None:
            yield vector.before_each
        yield text
    if vector.terminate_with is not None:
        yield vector.terminate_with


def _lines(lines: Lines, path: Path, members: Members) -> list[str]:
    texts = render(lines.items, path, members)
    return [_quoted(text) for text in texts] if lines.form == "shell" else texts


def _group(texts: list[str]) -> list[str]:
    """One text of what a call added, or none."""
    if len(texts) > 1:
        return [f"{texts[0]}={' '.join(texts[1:])}"]
    return texts


def _quoted(text: str) -> str:
    if text and re.fullmatch(_PLAIN, text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"
