"""Depset: a DAG of values that is flattened late, in the orders that Bazel documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Depset(Generic[T]):
    """Immutable: direct values and other depsets.  Flattening visits each node once, without recursion."""

    __slots__ = ("direct", "order", "transitive")

    def __init__(self, direct: Iterable[T] = (), transitive: Iterable[Depset[T]] = (), order: str = "default") -> None:
        self.direct = tuple(direct)
        self.transitive = tuple(transitive)
        self.order = order

    def __iter__(self) -> Iterator[T]:
        return iter(self.to_list())

    def to_list(self) -> list[T]:
        """The values, each once.  `default` and `postorder`: children first; `preorder`: parents first;
        `topological`: a parent before its children, right to left reversed, as Bazel's."""
        if self.order == "topological":
            return self._topological()
        out: dict[T, None] = {}
        seen: set[int] = set()
        before = self.order == "preorder"
        stack: list[tuple[Depset[T], bool]] = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                out.update(dict.fromkeys(node.direct))
                continue
            if id(node) in seen:
                continue
            seen.add(id(node))
            if before:
                for value in node.direct:
                    out.setdefault(value)
            elif node.transitive:
                stack.append((node, True))
            else:
                for value in node.direct:
                    out.setdefault(value)
            stack.extend((child, False) for child in reversed(node.transitive))
        return list(out)

    def _topological(self) -> list[T]:
        out: dict[T, None] = {}
        seen: set[int] = set()
        stack: list[tuple[Depset[T], bool]] = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                for value in reversed(node.direct):
                    out.setdefault(value)
                continue
            if id(node) in seen:
                continue
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((child, False) for child in node.transitive)
        return list(reversed(out))
