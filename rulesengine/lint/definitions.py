"""Definitions: what a loaded name stands for, followed through files without evaluating them."""

from __future__ import annotations

import ast
import os

from attrs import frozen

from rulesengine.errors import RulesEngineError
from rulesengine.lint.source import called
from rulesengine.loading import Loader
from rulesengine.loading.python_tree import python_tree
from rulesengine.model.label import Label
from rulesengine.model.rule import Rule

_MAKERS = frozenset({"rule", "repository_rule", "provider", "aspect", "macro", "module_extension", "tag_class"})
_MAX_STEPS = 50


@frozen(eq=False)
class Definition:
    """kind: `function`, `value`, or what made it: `rule`, `provider`, `macro` …  file: where it is defined.

    aliases: the names by which its file passes it on; a rule's own name is the first public one of them.
    """

    name: str
    kind: str
    file: Label
    node: ast.AST
    aliases: tuple[str, ...] = ()


@frozen(eq=False)
class Module:
    """A .bzl file's top level.  loaded: name here -> (label as written, name there)."""

    defined: dict[str, ast.AST]
    loaded: dict[str, tuple[str, str]]


class Definitions:
    """The definitions of all files that are reached, parsed once each."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._modules: dict[Label, Module | None] = {}

    def label(self, text: str, below: Label) -> Label | None:
        """A label as written in a file; None when it is none, or in a repository that is not there."""
        try:
            found = self._loader.label(text, below.repo, below.package)
            self._loader.sources.path(found)
        except RulesEngineError:
            return None
        return found

    def exists(self, file: Label) -> bool:
        """Whether a label's file is there."""
        return os.path.isfile(self._loader.sources.path(file))

    def module(self, file: Label) -> Module | None:
        """A .bzl file's top level; None when it is not there or does not parse."""
        if file not in self._modules:
            self._modules[file] = self._read(file)
        return self._modules[file]

    def find(self, file: Label, name: str) -> Definition | None:
        """What a name of a file stands for, as far as that can be told."""
        aliases: tuple[str, ...] = ()
        for _ in range(_MAX_STEPS):
            module = self.module(file)
            if module is None:
                return None
            node = module.defined.get(name)
            if isinstance(node, ast.FunctionDef):
                return Definition(name, "function", file, node)
            if isinstance(node, ast.Name):
                aliases += (name,)
                name = node.id
                continue
            if node is not None:
                made = called(node)
                return Definition(name, made if made in _MAKERS else "value", file, node, (*aliases, name))
            if name not in module.loaded:
                return None
            text, name = module.loaded[name]
            following = self.label(text, file)
            if following is None:
                return None
            file, aliases = following, ()
        return None

    def rule(self, definition: Definition) -> Rule | None:
        """A rule's schema: its file is evaluated.  None when that fails."""
        try:
            self._loader.bzl(definition.file)
        except RulesEngineError:
            return None
        text = str(definition.file)
        mine = [one for one in self._loader.rules if one.module == text]
        return next((one for one in mine if one.name in definition.aliases), None)

    def _read(self, file: Label) -> Module | None:
        try:
            text = self._loader.sources.read(self._loader.sources.path(file), self._loader.shown(file))
            tree = python_tree(text)
        except (RulesEngineError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        return module_of(tree)


def module_of(tree: ast.Module) -> Module:
    """The top level of a tree."""
    defined: dict[str, ast.AST] = {}
    loaded: dict[str, tuple[str, str]] = {}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            defined[statement.name] = statement
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    defined[target.id] = statement.value
                elif isinstance(target, (ast.Tuple, ast.List)):
                    # MyInfo, _new = provider(init = …): the first is the provider, whose arguments are init's
                    defined.update((one.id, target) for one in target.elts if isinstance(one, ast.Name))
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            defined[statement.target.id] = statement
        elif isinstance(statement, ast.Expr) and called(statement.value) == "load":
            call = statement.value
            assert isinstance(call, ast.Call)
            words = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            for name in words[1:]:
                loaded[name] = (words[0], name)
            for named in call.keywords:
                if words and named.arg and isinstance(named.value, ast.Constant) and isinstance(named.value.value, str):
                    loaded[named.arg] = (words[0], named.value.value)
    return Module(defined, loaded)
