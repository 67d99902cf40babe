"""Paths through functions: what is never reached, returns that lack a value, variables without one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rulesengine.lint.finding import Finding
from rulesengine.lint.scopes import bound_in, parameters, targets
from rulesengine.lint.source import Source, called

_COMPREHENSIONS = (ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)


def flow(source: Source) -> Iterator[Finding]:
    """Findings about all functions and the top level."""
    yield from _unreachable(source, source.tree.body)
    yield from _Assigned(source, {name for _, name, _ in bound_in(source.tree.body)}).check(source.tree.body)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef):
            yield from _returns(source, node)
            yield from _unreachable(source, node.body)
            own = {name for _, name, _ in bound_in(node.body)} - {one.arg for one in parameters(node)}
            yield from _Assigned(source, own).check(node.body)


def ends(body: list[ast.stmt]) -> bool:
    """Whether nothing that follows a block is ever reached."""
    return any(_ends(statement) for statement in body)


def _ends(statement: ast.stmt) -> bool:
    if isinstance(statement, (ast.Return, ast.Break, ast.Continue)):
        return True
    if isinstance(statement, ast.Expr):
        return called(statement.value) == "fail"
    return isinstance(statement, ast.If) and ends(statement.body) and bool(statement.orelse) and ends(statement.orelse)


def _unreachable(source: Source, body: list[ast.stmt]) -> Iterator[Finding]:
    for number, statement in enumerate(body):
        if isinstance(statement, ast.If):
            yield from _unreachable(source, statement.body)
            yield from _unreachable(source, statement.orelse)
        elif isinstance(statement, ast.For):
            yield from _unreachable(source, statement.body)
        if _ends(statement) and number + 1 < len(body):
            yield source.finding("unreachable", body[number + 1], "this is never reached; take it away")
            return


def _returns(source: Source, function: ast.FunctionDef) -> Iterator[Finding]:
    found = [node for node in _own(function.body) if isinstance(node, ast.Return)]
    with_value = [one for one in found if one.value is not None]
    if not with_value:
        return
    line = with_value[0].lineno
    for one in found:
        if one.value is None:
            yield source.finding(
                "return-value",
                one,
                f"{function.name}() returns a value in line {line} but none here; write return None",
            )
    if not _leaves(function.body):
        yield source.finding(
            "return-value",
            function,
            f"{function.name}() returns a value in line {line}, but not where it reaches its end; "
            "end it with return or fail()",
        )


def _leaves(body: list[ast.stmt]) -> bool:
    """Whether a block always ends its function."""
    for statement in body:
        if isinstance(statement, ast.Return) or (
            isinstance(statement, ast.Expr) and called(statement.value) in ("fail", "unittest.fail")
        ):
            return True
        if isinstance(statement, ast.If) and _leaves(statement.body) and _leaves(statement.orelse):
            return True
    return False


def _own(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from _own(statement.body)
            yield from _own(statement.orelse)
        elif isinstance(statement, ast.For):
            yield from _own(statement.body)


class _Assigned:
    """Follows which of a function's own variables surely have a value."""

    def __init__(self, source: Source, own: set[str]) -> None:
        self._source = source
        self._own = own
        self._said: set[str] = set()
        self._found: list[Finding] = []

    def check(self, body: list[ast.stmt]) -> list[Finding]:
        """Findings of a block that starts with nothing assigned."""
        self._block(body, set())
        return self._found

    def _block(self, body: list[ast.stmt], have: set[str]) -> set[str]:
        for statement in body:
            have = self._statement(statement, have)
        return have

    def _statement(self, statement: ast.stmt, have: set[str]) -> set[str]:
        if isinstance(statement, ast.If):
            self._use(statement.test, have)
            yes = self._block(statement.body, set(have))
            no = self._block(statement.orelse, set(have))
            return (
                self._own
                if ends([statement])
                else no
                if ends(statement.body)
                else yes
                if ends(statement.orelse)
                else yes & no
            )
        if isinstance(statement, ast.For):
            self._use(statement.iter, have)
            inside = have | {name for _, name, _ in targets(statement.target)}
            after = self._block(statement.body, set(inside))
            # A loop over what is never empty is common; what its body always sets is taken as set.
            return have | after
        if isinstance(statement, ast.FunctionDef):
            for default in (*statement.args.defaults, *statement.args.kw_defaults):
                if default is not None:
                    self._use(default, have)
            return have | {statement.name}
        if isinstance(statement, ast.Assign):
            self._use(statement.value, have)
            for target in statement.targets:
                self._use(target, have)
            return have | {name for target in statement.targets for _, name, _ in targets(target)}
        if isinstance(statement, ast.AugAssign):
            self._use(statement.value, have)
            self._use(statement.target, have, augmented=True)
            return have | {name for _, name, _ in targets(statement.target)}
        for child in ast.iter_child_nodes(statement):
            self._use(child, have)
        return have | self._own if _ends(statement) else have

    def _use(self, node: ast.AST, have: set[str], augmented: bool = False) -> None:
        if isinstance(node, ast.Name):
            reads = augmented or isinstance(node.ctx, ast.Load)
            if reads and node.id in self._own and node.id not in have and node.id not in self._said:
                self._said.add(node.id)
                text = f"{node.id!r} may have no value here; give it one on every path that leads to this line"
                self._found.append(self._source.finding("uninitialized", node, text))
        elif isinstance(node, ast.Lambda):
            return  # runs later
        elif isinstance(node, _COMPREHENSIONS):
            inside = have | {name for one in node.generators for _, name, _ in targets(one.target)}
            for child in ast.iter_child_nodes(node):
                self._use(child, inside)
        else:
            for child in ast.iter_child_nodes(node):
                self._use(child, have)
