"""Reads a file's reference: rules by their schemas, all else from the text."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from rulesengine.errors import NoSuchTargetError, RulesEngineError
from rulesengine.lint.definitions import Definition, Definitions, module_of
from rulesengine.lint.docstrings import docstring_of
from rulesengine.lint.source import called
from rulesengine.loading import Loader
from rulesengine.loading.python_tree import python_tree
from rulesengine.model.label import Label
from rulesengine.model.rule import Rule
from rulesengine.reference.entries import Attribute, Entry, FileReference


def read_file(loader: Loader, label: Label) -> FileReference:
    """The reference of a .bzl file.  Raises LoadingError where it cannot be read or parsed."""
    known = Definitions(loader)
    shown = loader.shown(label)
    if not known.exists(label):
        raise NoSuchTargetError(f"{label}: there is no such file")
    text = loader.sources.read(loader.sources.path(label), shown)
    loader.bzl(label)  # says where it does not parse
    tree = python_tree(text)
    documented = docstring_of(tree)
    entries = []
    for name in module_of(tree).defined:
        found = None if name.startswith("_") else known.find(label, name)
        entry = None if found is None else _entry(known, name, found)
        if entry is not None:
            entries.append(entry)
    return FileReference(label, inspect.cleandoc(str(documented[0].value)) if documented else "", tuple(entries))


def rule_entry(rule: Rule, name: str = "", file: Label | None = None) -> Entry:
    """A rule's entry, from its schema."""
    attributes = tuple(
        Attribute(key, one.doc, one.kind, one.mandatory, None if one.default is None else repr(one.default), one.values)
        for key, one in sorted(rule.schema.items())
        if not key.startswith("_")
    )
    where = file or Label.parse(rule.module)
    doc = inspect.cleandoc(rule.doc)
    return Entry(name or rule.name, "rule", where, doc, attributes, executable=rule.executable, test=rule.test)


def _entry(known: Definitions, name: str, found: Definition) -> Entry | None:
    if isinstance(found.node, ast.FunctionDef):
        return _function(name, found, found.node)
    call = found.node
    if isinstance(call, (ast.Tuple, ast.List)):
        return None
    if not isinstance(call, ast.Call):
        return None
    if found.kind == "rule":
        rule = known.rule(found)
        if rule is not None:
            return rule_entry(rule, name, found.file)
    named = {one.arg: one.value for one in call.keywords if one.arg}
    doc = inspect.cleandoc(str(_literal(named.get("doc"), "")))
    if found.kind == "provider":
        if not doc and call.args:
            doc = inspect.cleandoc(str(_literal(call.args[0], "")))
        fields = _literal(named.get("fields"), {})
        pairs = fields.items() if isinstance(fields, dict) else [(one, "") for one in fields or ()]
        return Entry(name, "provider", found.file, doc, tuple(Attribute(str(key), str(text)) for key, text in pairs))
    if found.kind not in ("rule", "aspect", "macro"):
        return None
    edges = _literal(named.get("attr_aspects"), [])
    return Entry(
        name, found.kind, found.file, doc, _attributes(named.get("attrs")), edges=tuple(str(one) for one in edges or ())
    )


def _function(name: str, found: Definition, node: ast.FunctionDef) -> Entry:
    documented = docstring_of(node)
    doc = documented[1] if documented else None
    described = {} if doc is None else {key.lstrip("*"): text for key, text in doc.arguments.items()}
    of = node.args
    positional = [*of.posonlyargs, *of.args]
    defaults: dict[str, ast.expr | None] = dict(
        zip([one.arg for one in positional[len(positional) - len(of.defaults) :]], of.defaults, strict=True)
    )
    defaults |= {one.arg: value for one, value in zip(of.kwonlyargs, of.kw_defaults, strict=True) if value is not None}
    shown = [(one.arg, one.arg) for one in positional]
    shown += [("*" + of.vararg.arg, of.vararg.arg)] if of.vararg else []
    shown += [(one.arg, one.arg) for one in of.kwonlyargs]
    shown += [("**" + of.kwarg.arg, of.kwarg.arg)] if of.kwarg else []
    attributes = []
    for written, plain in shown:
        value = defaults.get(plain)
        attributes.append(
            Attribute(
                written,
                described.get(plain, ""),
                mandatory=value is None and written == plain,
                default=None if value is None else _written(value),
            )
        )
    return Entry(
        name,
        "function",
        found.file,
        doc.text if doc else "",
        tuple(attributes),
        signature=f"{name}({ast.unparse(node.args)})",
        returns=doc.returns if doc else "",
        deprecated=doc.deprecated if doc else "",
    )


def _attributes(node: ast.expr | None) -> tuple[Attribute, ...]:
    """`attrs = {"name": attr.kind(doc = …)}` as it is written."""
    out = []
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(value, ast.Call) and not str(key.value).startswith("_"):
                named = {one.arg: one.value for one in value.keywords if one.arg}
                default = named.get("default")
                out.append(
                    Attribute(
                        str(key.value),
                        str(_literal(named.get("doc"), "")),
                        called(value).rpartition(".")[2],
                        bool(_literal(named.get("mandatory"), False)),
                        None if default is None else _written(default),
                        tuple(_literal(named.get("values"), ()) or ()),
                    )
                )
    return tuple(sorted(out, key=lambda one: one.name))


def _written(node: ast.expr) -> str:
    """A default, on one line."""
    return ast.unparse(node)


def _literal(node: ast.expr | None, otherwise: Any) -> Any:
    """A literal's value; texts joined with + are one."""
    if node is None:
        return otherwise
    try:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return _literal(node.left, "") + _literal(node.right, "")
        return ast.literal_eval(node)
    except (ValueError, TypeError, RulesEngineError):
        return otherwise
