"""Registry: the rules, providers and depsets that Starlark made, as plain data by number."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from typing import Any

from rulesengine.errors import LoadingError, Location
from rulesengine.loading import languages
from rulesengine.loading.border import received
from rulesengine.loading.plans import RulePlan
from rulesengine.loading.python_tree import python_tree
from rulesengine.loading.texts import FRAME, SourceTexts
from rulesengine.model.aspect import Aspect
from rulesengine.model.label import Label
from rulesengine.model.macro import COMMON_SCHEMA, RESERVED, RUN_SCHEMA, TEST_SCHEMA, Macro
from rulesengine.model.rule import EMPTY_VALUES, AttributeSchema, ExecGroup, Rule
from rulesengine.values import evolve

DepsetNode = tuple[list[str], list[int | list[str]], str]
"""Paths of the files among its direct values, its children, its order.  A child that is a list is a node without a
number: the paths of its files."""


class Registry:
    """Numbers what stays a Starlark value; the prelude hands the numbers back.

    open_module: the .bzl file that is being evaluated, where rules and providers may be made.
    """

    def __init__(self, label: Callable[[str, str, str], Label], texts: SourceTexts) -> None:
        self.rules: list[Rule] = []
        self.macros: list[Macro] = []
        self.depsets: list[DepsetNode] = []
        self.provider_names: list[str] = []
        self._provider_modules: list[str] = []
        self.aspects: list[Aspect] = []
        self.open_module = ""
        self._label = label
        self._texts = texts
        self._places: dict[int, Location | None] = {}
        self._plans: dict[int, RulePlan] = {}
        self._languages: dict[str, list[Any]] = {}

    @property
    def callables(self) -> dict[str, Callable[..., Any]]:
        """What the prelude calls, by its name there."""
        return {
            "py_top_level": self._top_level,
            "py_foreign": self._foreign,
            "py_rule_placed": self._place_rule,
            "py_aspect_placed": self._place_aspect,
            "py_check_label": lambda text: self._label(text, "", "") and None,
            "py_depset": self._depset,
            "py_provider": self._provider,
            "py_provider_name": lambda index: self.provider_names[index] or "provider",
            "py_name_provider": self._name_provider,
            "py_provider_key": self._provider_key,
            "py_aspect": self._aspect,
            "py_aspect_name": lambda index: self.aspects[index].name or "aspect",
            "py_aspect_named": self._name_aspect,
            "py_rule": self._rule,
            "py_language_rule": self._language_rule,
            "py_parameters": self._parameters,
            "py_rule_name": self._name_rule,
            "py_rule_label": lambda index: self.rules[index].name,
            "py_macro": self._macro,
            "py_macro_name": self._name_macro,
            "py_macro_label": lambda index: self.macros[index].name or "macro",
        }

    def plan(self, rule_id: int) -> RulePlan:
        """A rule by number, with what its targets have in common."""
        found = self._plans.get(rule_id)
        if found is None:
            found = self._plans[rule_id] = RulePlan.of(self.rules[rule_id], self.aspects)
        return found

    def _top_level(self, what: str, module: str) -> None:
        if module != self.open_module:
            raise LoadingError(
                f"{what} may only be called while its .bzl file is evaluated",
                hint="call it at the top level of the file and give the result a name",
            )

    def _foreign(self, what: str, module: str) -> bool:
        """Whether a function of another file is at work for the file that is being evaluated."""
        if not self.open_module:
            self._top_level(what, module)
        return module != self.open_module

    def _place_rule(self, rule_id: int, index: int) -> bool:
        """Where a rule that a function of another file made is, now that it has a name; False for one that is known."""
        return _place(self.rules[rule_id], self.open_module, index)

    def _place_aspect(self, aspect_id: int, index: int) -> bool:
        return _place(self.aspects[aspect_id], self.open_module, index)

    def _depset(self, text: str) -> int:
        try:
            order, children, paths = received(text)
        except ValueError:
            return -1
        self.depsets.append((paths, children, order))
        return len(self.depsets) - 1

    def _provider(self) -> int:
        self.provider_names.append("")
        self._provider_modules.append(self.open_module)
        return len(self.provider_names) - 1

    def _provider_key(self, index: int) -> str:
        """A provider as Bazel's cquery names it: with the file it comes from, where that is one."""
        name, module = self.provider_names[index] or "provider", self._provider_modules[index]
        return f"{module}%{name}" if module else name

    def _name_provider(self, index: int, name: str) -> None:
        if not self.provider_names[index]:
            self.provider_names[index] = name

    def _place(self, stack: str) -> Location | None:
        """The innermost line of the user's in a call stack."""
        frames = [(m[1], int(m[2])) for m in FRAME.finditer(stack) if not m[1].startswith("<")]
        return self._texts.location(*frames[-1]) if frames else None

    def _rule(self, text: str, stack: str) -> int:
        spec = json.loads(text)
        module = Label.parse(spec["module"])
        schema = {name: self._schema(raw, module) for name, raw in spec["schema"].items()}
        for name in schema:
            if not name.isidentifier():
                raise LoadingError(f"rule(): attribute name {name!r} is not an identifier")
        if spec["build_setting"]:
            schema["build_setting_default"] = AttributeSchema(
                spec["build_setting_default"], mandatory=True, configurable=False
            )
        self.rules.append(
            Rule(
                "",
                spec["module"],
                spec["index"],
                schema,
                spec["doc"] or "",
                spec["executable"],
                spec["test"],
                spec["cfg"],
                spec["outputs"],
                spec["build_setting"],
                tuple(spec["provides"]),
                self._groups(spec, module),
                spec["build_setting_flag"],
                spec["build_setting_repeated"],
                spec["functions"],
                spec.get("in_build", False),
                spec.get("settings", {}),
            )
        )
        self._places[len(self.rules) - 1] = self._place(stack)
        return len(self.rules) - 1

    def test_rule(self, name: str, module: str, index: int, text: str, stack: str) -> int:
        """The rule of a test that a BUILD file (`module`, a label's text) makes, its `index`th."""
        if not name.isidentifier():
            raise LoadingError(
                f"testing.analysis_test(): the name {name!r} is not an identifier",
                hint="a rule is named after it: write letters, digits and '_'",
            )
        spec = {
            "doc": "",
            "executable": True,
            "test": True,
            "cfg": "target",
            "outputs": {},
            "provides": [],
            "build_setting": "",
            "build_setting_flag": False,
            "build_setting_repeated": False,
            "parent": None,
            **json.loads(text),
            "module": module,
            "index": index,
            "in_build": True,
        }
        number = self._rule(json.dumps(spec), stack)
        object.__setattr__(self.rules[number], "name", f"{name}_test")
        return number

    def _language_rule(self, name: str) -> list[Any]:
        """The number of one of Bazel's own rules; of the rule whose target comes with it, and that target's suffix."""
        found = self._languages.get(name)
        if found is None:
            self.rules.append(languages.rule_of(name))
            part = languages.part_of(name)
            number = len(self.rules) - 1
            found = [number, *([self._language_rule(part[0])[0], part[1]] if part else [None, ""])]
            self._languages[name] = found
        return found

    def _parameters(self, function: str, attribute: str) -> list[str]:
        """The names of a function's parameters, which Starlark does not tell: read from the file it is in."""
        path, _, name = function.rpartition(".")
        try:
            tree = python_tree("\n".join(self._texts.lines(path)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise LoadingError(f"attrs[{attribute!r}]: cannot find the parameters of {name} in {path}") from None
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name == name:
                found: ast.arguments | None = node.args
            else:
                found = _lambda(node, attribute) if name == "lambda" else None
            if found is not None:
                return [one.arg for one in (*found.posonlyargs, *found.args, *found.kwonlyargs)]
        raise LoadingError(
            f"attrs[{attribute!r}]: cannot find the parameters of {name} in {path}", hint="write the function with def"
        )

    def _macro(self, text: str) -> int:
        spec = json.loads(text)
        module = Label.parse(spec["module"])
        schema: dict[str, AttributeSchema] = {}
        for name, raw in spec["schema"].items():
            if not name.isidentifier():
                raise LoadingError(f"macro(): attribute name {name!r} is not an identifier")
            if raw is not None:
                made = self._schema(raw, module)
                schema[name] = made if made.default is not None else evolve(made, default=EMPTY_VALUES[made.kind])
        for name, inherited in self._inherited(*spec["inherit"]).items() if spec["inherit"] else ():
            if not name.startswith("_") and name not in RESERVED and name not in spec["schema"]:
                schema[name] = inherited if inherited.mandatory else evolve(inherited, default=None)
        self.macros.append(Macro("", spec["module"], spec["index"], schema, spec["doc"], spec["finalizer"]))
        return len(self.macros) - 1

    def _inherited(self, kind: str, index: int) -> dict[str, AttributeSchema]:
        """The attributes that a macro takes over: the common ones, a macro's, or a rule's own and common ones."""
        if kind == "common":
            return COMMON_SCHEMA
        if kind == "macro":
            return self.macros[index].schema
        rule = self.rules[index]
        return {
            **COMMON_SCHEMA,
            **(RUN_SCHEMA if rule.executable else {}),
            **(TEST_SCHEMA if rule.test else {}),
            **rule.schema,
        }

    def _name_macro(self, index: int, name: str) -> None:
        if not self.macros[index].name:
            self.macros[index].name = name

    def _aspect(self, text: str) -> int:
        spec = json.loads(text)
        module = Label.parse(spec["module"])
        self.aspects.append(
            Aspect(
                "",
                spec["module"],
                spec["index"],
                {name: self._schema(raw, module) for name, raw in spec["schema"].items()},
                frozenset(spec["along"]),
                tuple(tuple(one) for one in spec["required"]),
                tuple(tuple(one) for one in spec["required_aspects"]),
                tuple(spec["provides"]),
                tuple(self.aspects[one] for one in spec["requires"]),
                spec["generating"],
                spec["doc"],
                self.exec_groups(spec["exec_groups"], module),
            )
        )
        return len(self.aspects) - 1

    def _name_aspect(self, index: int, name: str) -> None:
        aspect = self.aspects[index]
        if not aspect.name:
            object.__setattr__(aspect, "name", name)

    def _groups(self, spec: dict[str, Any], module: Label) -> dict[str, ExecGroup]:
        """The execution groups of a rule: its own and those of the rule it extends."""
        own = self.exec_groups(spec.get("exec_groups"), module)
        if spec["parent"] is None:
            return own
        out = dict(self.rules[spec["parent"]].exec_groups)
        for name, group in own.items():
            below = out.get(name, ExecGroup())
            out[name] = ExecGroup(
                tuple(dict.fromkeys((*below.toolchains, *group.toolchains))),
                tuple(dict.fromkeys((*below.exec_compatible_with, *group.exec_compatible_with))),
            )
        return out

    def exec_groups(self, raw: dict[str, Any] | None, module: Label) -> dict[str, ExecGroup]:
        """Execution groups as rule() and aspect() describe them; labels are relative to the file that calls."""

        def absolute(text: str) -> str:
            return str(self._label(text, module.repo, module.package))

        return {
            name: ExecGroup(
                tuple((absolute(text), bool(mandatory)) for text, mandatory in group["toolchains"]),
                tuple(absolute(text) for text in group["exec_compatible_with"]),
            )
            for name, group in (raw or {}).items()
        }

    def _schema(self, raw: dict[str, Any], module: Label) -> AttributeSchema:
        files = raw["allow_files"]
        return AttributeSchema(
            kind=raw["kind"],
            default=self._default(raw["kind"], raw["default"], module),
            mandatory=raw["mandatory"],
            values=tuple(raw["values"]),
            allow_files=tuple(files) if isinstance(files, list) else files,
            single=raw["single"],
            allow_empty=raw["allow_empty"],
            executable=raw["executable"],
            cfg=raw["cfg"],
            doc=raw["doc"] or "",
            providers=tuple(tuple(one) for one in raw["providers"]),
            configurable=raw["configurable"],
            aspects=tuple(raw["aspects"]),
            exec_group=raw.get("exec_group") or "",
        )

    def _default(self, kind: str, value: Any, module: Label) -> Any:
        """A default's labels are relative to the file that calls rule()."""

        def absolute(text: str) -> str:
            return str(self._label(text, module.repo, module.package))

        if kind == "label" and isinstance(value, str):
            return absolute(value)
        if kind == "label_list" and isinstance(value, list):
            return [absolute(one) for one in value]
        if kind == "label_keyed_string_dict" and isinstance(value, dict):
            return {absolute(key): text for key, text in value.items()}
        if kind == "string_keyed_label_dict" and isinstance(value, dict):
            return {key: absolute(text) for key, text in value.items()}
        return value

    def _name_rule(self, rule_id: int, name: str) -> None:
        rule = self.rules[rule_id]
        if rule.name:
            return
        if rule.test != name.endswith("_test"):
            raise LoadingError(
                f"invalid name of a rule: {name!r}: names of test rules end in '_test', names of others do not",
                location=self._places[rule_id],
                hint="write rule(test = True, …), or another name" if not rule.test else f"call it {name}_test",
            )
        object.__setattr__(rule, "name", name)


def _place(made: Rule | Aspect, module: str, index: int) -> bool:
    if made.index >= 0:
        return False
    object.__setattr__(made, "module", module)
    object.__setattr__(made, "index", index)
    return True


def _lambda(node: ast.AST, attribute: str) -> ast.arguments | None:
    """The parameters of the lambda that is the default of an attribute (or `outputs`) in a tree's node."""
    if isinstance(node, ast.keyword) and node.arg == attribute and isinstance(node.value, ast.Lambda):
        return node.value.args
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == attribute and isinstance(value, ast.Call):
                for one in value.keywords:
                    if one.arg == "default" and isinstance(one.value, ast.Lambda):
                        return one.value.args
    return None
