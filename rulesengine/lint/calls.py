"""Calls of rules, functions and providers that other files define: names, attributes, values, labels."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rulesengine.errors import NoSuchPackageError, NoSuchTargetError, RulesEngineError, did_you_mean
from rulesengine.lint.builtins import signatures
from rulesengine.lint.definitions import Definition, Definitions, module_of
from rulesengine.lint.finding import Finding
from rulesengine.lint.scopes import parameters
from rulesengine.lint.source import Source, called
from rulesengine.loading import Loader
from rulesengine.loading.modules import NATIVE
from rulesengine.loading.repository import SHIPPED
from rulesengine.model.label import Label
from rulesengine.model.rule import LABEL_KINDS, AttributeSchema, Rule

_LISTS = frozenset({"string_list", "int_list", "label_list", "output_list"})
_TEXTS = frozenset({"string", "label", "output"})
_WORDS = {
    "bool": "True or False",
    "int": "a number",
    "int_list": "a list of numbers",
    "label": "a label",
    "label_list": "a list of labels",
    "output": "a file's name",
    "output_list": "a list of files' names",
    "string": "a text",
    "string_list": "a list of texts",
}


class Calls:
    """The checks of one file that need to know other files."""

    def __init__(self, loader: Loader, definitions: Definitions, source: Source, file: Label) -> None:
        self._loader = loader
        self._known = definitions
        self._source = source
        self._file = file
        self._own = module_of(source.tree)
        self._native = {one.name: one for one in loader.rules if one.module == str(NATIVE)}

    def findings(self) -> Iterator[Finding]:
        """All of them."""
        if self._source.kind == "module":
            return
        yield from self._loads()
        local = self._local_names()
        builtin = {name: of for name, of in signatures().items() if name.partition(".")[0] not in local - {"ctx"}}
        for node in ast.walk(self._source.tree):
            if not isinstance(node, ast.Call):
                continue
            name = called(node)
            root = name.partition(".")[0]
            if name in builtin and root not in self._own.defined and root not in self._own.loaded:
                yield from self._arguments(node, name, builtin[name])
            elif isinstance(node.func, ast.Name) and name not in local:
                yield from self._call(node, name)
        if self._source.kind == "build":
            yield from self._duplicates()

    def _local_names(self) -> set[str]:
        """Names that some function binds for itself: a call of one may mean anything."""
        return {one.arg for one in ast.walk(self._source.tree) if isinstance(one, ast.arg)}

    # ---- load() -----------------------------------------------------------------

    def _loads(self) -> Iterator[Finding]:
        for load in self._source.loads:
            label = self._known.label(load.label, self._file)
            if label is None or (label.repo in SHIPPED and label.repo != "rulesengine"):
                continue  # not here, or ours are a part of what the real module has
            if not self._known.exists(label):
                yield self._source.finding("load-file", load.place, f"{load.label!r}: there is no such file")
                continue
            module = self._known.module(label)
            if module is None:
                continue
            for _, there, place in load.symbols:
                if there not in module.defined:
                    public = [name for name in module.defined if not name.startswith("_")]
                    why = " (it only loads it itself)" if there in module.loaded else ""
                    hint = did_you_mean(there, public) or "it defines: " + ", ".join(sorted(public)[:8])
                    text = f"{load.label} does not define {there!r}{why}; {hint}"
                    yield self._source.finding("load-symbol", place, text)
                elif there.startswith("_"):
                    text = f"{there!r} is private to {load.label}; names with _ cannot be loaded"
                    yield self._source.finding("load-symbol", place, text)

    # ---- calls ------------------------------------------------------------------

    def _definition(self, name: str) -> Definition | None:
        if name in self._own.defined:
            node = self._own.defined[name]
            if isinstance(node, ast.FunctionDef):
                return Definition(name, "function", self._file, node)
            if isinstance(node, ast.Name) and node.id != name:
                return self._definition(node.id)
            made = called(node)
            return Definition(name, made, self._file, node, (name,)) if made in ("rule", "provider") else None
        if name in self._own.loaded:
            text, there = self._own.loaded[name]
            label = self._known.label(text, self._file)
            return None if label is None else self._known.find(label, there)
        return None

    def _call(self, node: ast.Call, name: str) -> Iterator[Finding]:
        definition = self._definition(name)
        if definition is None:
            rule = self._native.get(name) if self._source.kind == "build" and name not in self._own.defined else None
            if rule is not None:
                yield from self._rule(node, rule)
            return
        if definition.kind == "function" and isinstance(definition.node, ast.FunctionDef):
            yield from self._function(node, definition.node)
        elif definition.kind == "rule":
            found = self._known.rule(definition)
            if found is not None:
                yield from self._rule(node, found)
        elif definition.kind == "provider" and isinstance(definition.node, ast.Call):
            yield from self._provider(node, name, definition.node)

    def _function(self, node: ast.Call, function: ast.FunctionDef) -> Iterator[Finding]:
        if self._source.kind == "build" and node.args and any(one.arg == "name" for one in parameters(function)):
            yield self._positional(node, function.name)
        yield from self._arguments(node, function.name, function.args)

    def _arguments(self, node: ast.Call, name: str, of: ast.arguments) -> Iterator[Finding]:
        """Whether arguments fit to parameters."""
        positional = [one.arg for one in (*of.posonlyargs, *of.args)]
        every = [*positional, *(one.arg for one in of.kwonlyargs)]
        unsure = any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords)
        given = {one.arg for one in node.keywords if one.arg}
        if of.kwarg is None:
            for named in node.keywords:
                if named.arg and named.arg not in every and (name, named.arg) != ("depset", "items"):
                    hint = did_you_mean(named.arg, every) or f"it has: {', '.join(every) or 'none'}"
                    text = f"{name}() has no parameter {named.arg!r}; {hint}"
                    yield self._source.finding("attribute-unknown", named, text)
        if unsure:
            return
        if of.vararg is None and len(node.args) > len(positional):
            text = f"{name}() takes {len(positional)} positional arguments, not {len(node.args)}"
            yield self._source.finding("attribute-unknown", node, text)
        needed = positional[: len(positional) - len(of.defaults)][len(node.args) :]
        needed += [one.arg for one, default in zip(of.kwonlyargs, of.kw_defaults, strict=True) if default is None]
        lacking = [one for one in needed if one not in given]
        if lacking:
            text = f"{name}() needs {' and '.join(map(repr, lacking))}; add what is missing"
            yield self._source.finding("attribute-missing", node, text)

    def _positional(self, node: ast.Call, name: str) -> Finding:
        return self._source.finding("positional-args", node, f"{name}(): write arguments with their names: name = …")

    def _provider(self, node: ast.Call, name: str, made: ast.Call) -> Iterator[Finding]:
        named = {one.arg: one.value for one in made.keywords}
        fields = named.get("fields")
        if "init" in named or not isinstance(fields, (ast.List, ast.Dict)):
            return
        keys = fields.keys if isinstance(fields, ast.Dict) else fields.elts
        known = [one.value for one in keys if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if len(known) != len(keys):
            return
        for one in node.keywords:
            if one.arg and one.arg not in known:
                hint = did_you_mean(one.arg, known) or "its fields: " + ", ".join(known)
                yield self._source.finding("attribute-unknown", one, f"{name} has no field {one.arg!r}; {hint}")

    # ---- rules ------------------------------------------------------------------

    def _rule(self, node: ast.Call, rule: Rule) -> Iterator[Finding]:
        if node.args:
            yield self._positional(node, rule.name)
        unsure = any(one.arg is None for one in node.keywords)
        given = {one.arg for one in node.keywords}
        for one in node.keywords:
            if one.arg in (None, "name"):
                continue
            assert one.arg is not None
            if not rule.takes(one.arg):
                hint = (
                    did_you_mean(one.arg, rule.public_attributes()) or f"it has: {', '.join(rule.public_attributes())}"
                )
                text = f"{rule.name} has no attribute {one.arg!r}; {hint}"
                yield self._source.finding("attribute-unknown", one, text)
            elif one.arg in rule.schema:
                yield from self._value(rule, one.arg, rule.schema[one.arg], one.value)
        lacking = [name for name, schema in rule.schema.items() if schema.mandatory and name not in given]
        if "name" not in given:
            lacking.insert(0, "name")
        if lacking and not unsure and not node.args:
            text = f"{rule.name} needs {' and '.join(map(repr, lacking))}; add what is missing"
            yield self._source.finding("attribute-missing", node, text)

    def _value(self, rule: Rule, name: str, schema: AttributeSchema, value: ast.expr) -> Iterator[Finding]:
        if isinstance(value, ast.Constant) and value.value is None:
            return
        kind = schema.kind
        fits = _fits(kind, value)
        if not fits:
            words = _WORDS.get(kind, "a dict")
            yield self._source.finding("attribute-type", value, f"{rule.name}: attribute {name!r} is {words}")
            return
        if kind in _LISTS and isinstance(value, ast.List):
            for one in value.elts:
                if not _fits(kind.removesuffix("_list"), one):
                    words = _WORDS[kind]
                    yield self._source.finding("attribute-type", one, f"{rule.name}: attribute {name!r} is {words}")
        if schema.values and isinstance(value, ast.Constant) and value.value not in schema.values:
            hint = " or ".join(repr(one) for one in schema.values)
            text = f"{rule.name}: attribute {name!r} is {hint}, not {value.value!r}"
            yield self._source.finding("attribute-type", value, text)
        if kind in LABEL_KINDS and self._source.kind == "build":
            for text_node in _label_texts(kind, value):
                yield from self._label(text_node)

    def _label(self, node: ast.Constant) -> Iterator[Finding]:
        text = str(node.value)
        try:
            label = self._loader.label(text, self._file.repo, self._file.package)
        except RulesEngineError as bad:
            yield self._source.finding("label-missing", node, bad.message)
            return
        if label.repo:
            return
        try:
            if self._loader.build_file("", label.package) is not None:
                self._package(label)
                return
            self._loader.package("", label.package)
            return
        except (NoSuchPackageError, NoSuchTargetError) as fault:
            words = fault.message + (f"; {fault.hint}" if fault.hint else "")
            yield self._source.finding("label-missing", node, words)

    def _package(self, label: Label) -> None:
        """Raise NoSuchTargetError where a package that can be evaluated has no such target."""
        try:
            package = self._loader.package("", label.package)
        except RulesEngineError:
            return  # something else is wrong there, and evaluating says what
        package.target(label.name)

    def _duplicates(self) -> Iterator[Finding]:
        seen: dict[str, int] = {}
        for statement in self._source.tree.body:
            call = statement.value if isinstance(statement, ast.Expr) else None
            if not isinstance(call, ast.Call) or called(call) in ("load", "package"):
                continue
            for one in call.keywords:
                if one.arg == "name" and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str):
                    name = one.value.value
                    if name in seen:
                        text = f"there is a target {name!r} in line {seen[name]} already; choose another name"
                        yield self._source.finding("duplicated-name", one.value, text)
                    seen.setdefault(name, call.lineno)


def _fits(kind: str, value: ast.expr) -> bool:
    """Whether a literal can be a value of this kind; what is no literal always can."""
    if isinstance(value, ast.Constant):
        constant = value.value
        if kind in _TEXTS:
            return isinstance(constant, str)
        if kind == "bool":
            return isinstance(constant, bool) or constant in (0, 1)
        if kind == "int":
            return isinstance(constant, int) and not isinstance(constant, bool)
        return False
    if isinstance(value, (ast.List, ast.ListComp, ast.Tuple)):
        return kind in _LISTS
    if isinstance(value, (ast.Dict, ast.DictComp)):
        return kind.endswith("_dict")
    if isinstance(value, ast.JoinedStr):
        return kind in _TEXTS
    return True


def _label_texts(kind: str, value: ast.expr) -> Iterator[ast.Constant]:
    some: list[ast.expr | None] = [value]
    if isinstance(value, ast.List):
        some = list(value.elts)
    elif isinstance(value, ast.Dict):
        some = list(value.values if kind == "string_keyed_label_dict" else value.keys)
    for one in some:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one
