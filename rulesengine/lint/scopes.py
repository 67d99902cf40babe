"""Names and where they are bound: unused, undefined, twice defined, shadowing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from attrs import define, field

from rulesengine.errors import did_you_mean
from rulesengine.lint.finding import Finding
from rulesengine.lint.names import UNIVERSAL
from rulesengine.lint.source import Source

_Function = ast.FunctionDef | ast.Lambda
_COMPREHENSIONS = (ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)


@define(eq=False)
class Binding:
    """A name in a scope.  kind: `load`, `parameter`, `function` or `variable`."""

    name: str
    kind: str
    places: list[ast.AST] = field(factory=list)
    unpacked: bool = False
    used: bool = False


@define(eq=False)
class Scope:
    """A file's top level, a function or a comprehension."""

    outer: Scope | None
    node: ast.AST | None = None
    names: dict[str, Binding] = field(factory=dict)

    def bind(self, name: str, kind: str, place: ast.AST, unpacked: bool = False) -> None:
        """Add a place where a name gets its value."""
        binding = self.names.setdefault(name, Binding(name, kind, unpacked=unpacked))
        binding.places.append(place)

    def find(self, name: str) -> Binding | None:
        """The binding that a name means here."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


def bound_in(statements: list[ast.stmt]) -> Iterator[tuple[ast.AST, str, bool]]:
    """(place, name, whether as one of several) of what statements bind in their own scope."""
    for statement in statements:
        if isinstance(statement, ast.FunctionDef):
            yield statement, statement.name, False
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                yield from targets(target)
        elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)):
            yield from targets(statement.target)
        elif isinstance(statement, ast.For):
            yield from ((place, name, True) for place, name, _ in targets(statement.target))
            yield from bound_in(statement.body)
        elif isinstance(statement, ast.If):
            yield from bound_in(statement.body)
            yield from bound_in(statement.orelse)


def targets(node: ast.AST, unpacked: bool = False) -> Iterator[tuple[ast.AST, str, bool]]:
    """The names that an assignment's left side binds."""
    if isinstance(node, ast.Name):
        yield node, node.id, unpacked
    elif isinstance(node, (ast.Tuple, ast.List)):
        for one in node.elts:
            yield from targets(one, True)
    elif isinstance(node, ast.Starred):
        yield from targets(node.value, True)


def parameters(node: _Function) -> list[ast.arg]:
    """All parameters, `*args` and `**kwargs` with them."""
    of = node.args
    out = [*of.posonlyargs, *of.args, *of.kwonlyargs]
    return out + [one for one in (of.vararg, of.kwarg) if one is not None]


class Names:
    """The scopes of one file, and every use of a name resolved."""

    def __init__(self, source: Source, defined: frozenset[str]) -> None:
        self._source = source
        self._defined = defined
        self.top = Scope(None)
        self.scopes: list[Scope] = []
        self.undefined: list[ast.Name] = []
        for load in source.loads:
            for here, _, place in load.symbols:
                self.top.bind(here, "load", place)
        self._bind(self.top, source.tree.body)
        for statement in source.tree.body:
            self._visit(statement, self.top)

    def _bind(self, scope: Scope, body: list[ast.stmt]) -> None:
        for place, name, unpacked in bound_in(body):
            scope.bind(name, "function" if isinstance(place, ast.FunctionDef) else "variable", place, unpacked)

    def _visit(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            for default in (*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)):
                self._visit(default, scope)
            inner = Scope(scope, node)
            for one in parameters(node):
                inner.bind(one.arg, "parameter", one)
            self.scopes.append(inner)
            if isinstance(node, ast.Lambda):
                self._visit(node.body, inner)
                return
            self._bind(inner, node.body)
            for statement in node.body:
                self._visit(statement, inner)
        elif isinstance(node, _COMPREHENSIONS):
            inner = Scope(scope, node)
            for position, generator in enumerate(node.generators):
                self._visit(generator.iter, scope if position == 0 else inner)
                for place, name, _ in targets(generator.target):
                    inner.bind(name, "variable", place, True)
                self._visit_target(generator.target, inner)
                for condition in generator.ifs:
                    self._visit(condition, inner)
            for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                self._visit(part, inner)
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self._use(node, scope)
        elif isinstance(node, ast.AugAssign):
            self._visit(node.value, scope)
            if not isinstance(node.target, ast.Name):
                self._visit(node.target, scope)
            elif scope is self.top:
                self._use(node.target, scope)
        else:
            for child in ast.iter_child_nodes(node):
                self._visit(child, scope)

    def _visit_target(self, node: ast.AST, scope: Scope) -> None:
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
                self._use(child, scope)

    def _use(self, node: ast.Name, scope: Scope) -> None:
        binding = scope.find(node.id)
        if binding is not None:
            binding.used = True
        elif node.id not in self._defined:
            self.undefined.append(node)

    # ---- findings ---------------------------------------------------------------

    def findings(self) -> Iterator[Finding]:
        """Everything about names."""
        known = {*self.top.names, *self._defined}
        for name in self.undefined:
            near = did_you_mean(name.id, known)
            yield self._source.finding(
                "undefined-name",
                name,
                f"{name.id!r} is not defined; " + (near or "define it, load it or spell it right"),
            )
        yield from self._top_level()
        for scope in self.scopes:
            if isinstance(scope.node, ast.FunctionDef):
                yield from self._function(scope)

    def _top_level(self) -> Iterator[Finding]:
        kind = self._source.kind
        for binding in self.top.names.values():
            name, place = binding.name, binding.places[0]
            if binding.kind == "load":
                if not binding.used:
                    yield self._source.finding("unused-load", place, f"{name!r} is loaded and not used; take it away")
            elif self._forgotten(binding):
                what = "function" if binding.kind == "function" else "variable"
                yield self._source.finding("unused-variable", place, f"{what} {name!r} is not used; take it away")
            if kind == "bzl":
                for again in binding.places[1:]:
                    yield self._source.finding(
                        "redefined-name",
                        again,
                        f"{name!r} is defined in line {getattr(place, 'lineno', 0)} already, and Bazel lets a file "
                        "define a name once; choose another one",
                    )
            if name in UNIVERSAL and kind != "module":
                yield self._source.finding(
                    "shadowed-builtin", place, f"{name!r} hides Starlark's own {name}; choose another name"
                )

    def _forgotten(self, binding: Binding) -> bool:
        """Whether a top-level name is used nowhere: in a .bzl file only private ones can be."""
        if binding.used or binding.unpacked or self._marked(binding.places[0]):
            return False
        return (self._source.kind == "build") != binding.name.startswith("_")

    def _function(self, scope: Scope) -> Iterator[Finding]:
        for binding in scope.names.values():
            name, place = binding.name, binding.places[0]
            if binding.used or name.startswith(("_", "unused")) or self._marked(place):
                continue
            if binding.kind == "parameter":
                yield self._source.finding(
                    "unused-parameter", place, f"parameter {name!r} is not used; take it away, or begin its name with _"
                )
            elif not binding.unpacked:
                what = "function" if binding.kind == "function" else "variable"
                yield self._source.finding("unused-variable", place, f"{what} {name!r} is not used; take it away")

    def _marked(self, place: ast.AST) -> bool:
        number = getattr(place, "lineno", 1)
        return any("@unused" in line for line in self._source.lines[max(0, number - 2) : number])
