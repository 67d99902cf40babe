"""Aspects that a command line asks for: `--aspects=//package:file.bzl%name` and `--aspects_parameters=name=value`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import starlark as sl

from rulesengine.analysis.passing import check_parameter
from rulesengine.errors import AnalysisError, LabelError, RulesEngineError, UsageError
from rulesengine.loading import Loader
from rulesengine.loading.border import parse_own
from rulesengine.model.aspect import Applied, Aspect, with_required

_TRUE, _FALSE = ("true", "1", "yes", "y", "t"), ("false", "0", "no", "n", "f")


def requested_aspects(
    loader: Loader, texts: Sequence[str], parameters: Sequence[str] = (), package: str = ""
) -> list[Applied]:
    """The aspects in the order in which they are applied.

    texts: `LABEL%NAME`, several with commas between them.  parameters: `NAME=VALUE`.  package: where relative labels
    are written.  Raises UsageError for what is not written so, AnalysisError for an aspect that is not there.
    """
    given: dict[str, str] = {}
    for text in (part for one in parameters for part in one.split(",") if part):
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--aspects_parameters={text}: it is NAME=VALUE")
        given[name] = value
    found: list[Aspect] = []
    for text in (part for one in texts for part in one.split(",") if part):
        aspect = _aspect(loader, text, package)
        if aspect in found:
            raise AnalysisError(f"--aspects={text}: aspect {aspect.name} added more than once")
        found.append(aspect)
    return [Applied(one, _parameters(one, given)) for one in with_required(found)]


def _aspect(loader: Loader, text: str, package: str) -> Aspect:
    file, percent, name = text.partition("%")
    if not percent or not file or not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise AnalysisError(f"--aspects={text}: it is LABEL%NAME", hint="for instance --aspects=//tools:defs.bzl%name")
    try:
        label = loader.label(file, package=package)
    except LabelError as fault:
        raise UsageError(f"--aspects={text}: {fault.message}", hint=fault.hint) from None
    frozen, module = loader.bzl(label), sl.Module()
    source = f'load("p", "aspect_id__")\nload("m", SYMBOL = "{name}")\nOUT = aspect_id__(SYMBOL)\nNone\n'
    modules = {"p": loader.prelude, "m": frozen}
    try:
        loader.interpreter.evaluate(module, parse_own("<aspects>", source), modules.__getitem__, AnalysisError)
    except RulesEngineError:
        raise AnalysisError(f"--aspects={text}: {name} is not exported from {label}") from None
    index: Any = module["OUT"]
    if index < 0:
        raise AnalysisError(f"--aspects={text}: {name} from {label} is not an aspect")
    found: Aspect = loader.registry.aspects[index]
    return found


def _parameters(aspect: Aspect, given: dict[str, str]) -> tuple[tuple[str, Any], ...]:
    out = []
    for name in aspect.parameters:
        schema = aspect.schema[name]
        value: Any = schema.default
        if name in given:
            value = _value(schema.kind, name, given[name])
        elif schema.mandatory:
            raise AnalysisError(
                f"missing mandatory attribute '{name}' for aspect '{aspect.name}'",
                hint=f"write --aspects_parameters={name}=VALUE",
            )
        elif value is None:
            value = {"string": "", "int": 0, "bool": False}[schema.kind]
        if name in given:
            check_parameter(None, aspect, name, value)
        out.append((name, value))
    return tuple(out)


def _value(kind: str, name: str, text: str) -> Any:
    if kind == "int":
        try:
            return int(text)
        except ValueError:
            raise AnalysisError(f"--aspects_parameters={name}={text}: it is not a number") from None
    if kind == "bool":
        if text.lower() not in _TRUE + _FALSE:
            raise AnalysisError(f"--aspects_parameters={name}={text}: it is not a boolean", hint="write true or false")
        return text.lower() in _TRUE
    return text
