"""PackageBuilder: takes down what a BUILD file's evaluation declares."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from rulesengine.errors import (
    AttributeValueError,
    LabelError,
    LoadingError,
    Location,
    RulesEngineError,
    did_you_mean,
)
from rulesengine.loading.border import received
from rulesengine.loading.languages import LANGUAGES, made_by
from rulesengine.loading.package import Package
from rulesengine.loading.plans import ABSOLUTE, LOCAL, SIMPLE_NAME, UNSURE, RulePlan, plain
from rulesengine.loading.texts import FRAME, SourceTexts
from rulesengine.loading.values import AttributeCheck
from rulesengine.model.label import Label, check_target
from rulesengine.model.macro import MacroInstance
from rulesengine.model.rule import AttributeSchema, Rule
from rulesengine.model.target import NO_OUTPUTS, PRIVATE, Target

_NAME = re.compile(r"""name\s*=\s*(["'])([^"'\\]*)\1\s*(?:[,)]|$)""")
_COMMON_KINDS = {
    "features": "string_list",
    "args": "string_list",
    "env": "string_dict",
    "exec_properties": "string_dict",
    "shard_count": "int",
    "target_compatible_with": "label_list",
    "exec_compatible_with": "label_list",
    "toolchains": "label_list",
}
_FIXED_KINDS = {
    "tags": "string_list",
    "testonly": "bool",
    "deprecation": "string",
    "compatible_with": "label_list",
    "restricted_to": "label_list",
    "distribs": "string_list",
    "licenses": "string_list",
    "generator_function": "string",
    "generator_location": "string",
    "generator_name": "string",
    "size": "string",
    "timeout": "string",
    "flaky": "bool",
    "local": "bool",
}
"""What must be known before there is a configuration: no select() there."""
_COMMON = {
    **{name: AttributeSchema(kind) for name, kind in _COMMON_KINDS.items()},
    **{name: AttributeSchema(kind, configurable=False) for name, kind in _FIXED_KINDS.items()},
    "visibility": AttributeSchema("string_list", configurable=False),
}


_SHIPPED = "\n  * @"
"""In a stack: a call in a file of another module."""


class PackageBuilder:
    """Receives what a BUILD file's evaluation declares.

    plan: a rule by number.  canonical: takes the main module's own name off a label.
    tests: how many testing.analysis_test() made.  again: in a second evaluation, those that are wanted; see `Again`.
    declared: those that the first one made, by number.  silent: what is printed was so in the first.  enough: nothing
    that follows is wanted.
    """

    def __init__(
        self, package: Package, texts: SourceTexts, plan: Callable[[int], RulePlan], canonical: Callable[[Label], Label]
    ) -> None:
        self.package = package
        self.texts = texts
        self._plan = plan
        self._prefix = package.id + ":"
        self._direct = f"Traceback (most recent call last):\n  * {package.build_file}:"
        self._canonical = canonical
        self.macro: MacroInstance | None = None
        self.deferred: list[Any] = []
        self.tests = 0
        self.again: Mapping[int, list[int]] | None = None
        self.declared: Mapping[int, Target] = {}
        self.silent = False
        self.enough = False
        self._left = 0
        self._names: dict[int, str] = {}
        self._made_by = ("", "")
        self._finalizing: tuple[Location | None, tuple[str, ...]] = (None, ())

    def begin_again(self, wanted: Mapping[int, list[int]], first: Package) -> None:
        """Receive a second evaluation, for the functions of these tests.  first: what the first one declared."""
        self.again, self.silent, self._left = wanted, True, len(wanted)
        tests = [one for one in first.targets.values() if one.rule is not None and one.rule.in_build]
        self.declared = {one.rule.index: one for one in tests if one.rule is not None}

    def test_again(self) -> list[int]:
        """By what numbers the next test is known to those who evaluate again; none: it is not wanted."""
        number, self.tests = self.tests, self.tests + 1
        target = self.declared.get(number)
        if target is not None:
            self.package.targets.setdefault(target.label.name, target)
        found = (self.again or {}).get(number, [])
        self.silent = not found
        return found

    def test_left(self) -> int:
        """A test has run.  Raises LoadingError after the last one that is wanted, so that nothing follows it."""
        self.silent = True
        self._left -= 1
        if not self._left:
            self.enough = True
            raise LoadingError("no further test is wanted")
        return 0

    def label(self, text: str) -> Label:
        """A label as written in this package."""
        return self._canonical(Label.parse(text, repo=self.package.repo, package=self.package.name))

    def _absolute(self, text: str) -> str | None:
        """The absolute form of a label of the usual form, which a rule of this package mentions."""
        found = LOCAL.fullmatch(text)
        if found is not None:
            self.package.referenced.add(found[1])
            return sys.intern(self._prefix + found[1])
        found = None if self.package.repo else ABSOLUTE.fullmatch(text)
        if found is None:
            return None
        if found[1] == self.package.name:
            self.package.referenced.add(found[2])
        return text

    def place(self, stack: str) -> tuple[Location | None, tuple[str, ...]]:
        """The user's call that made a target, and the chain of calls above it."""
        start = len(self._direct)
        if stack.startswith(self._direct) and "\n  * " not in stack[start:] and not self._finalizing[1]:
            line = stack[start : stack.index(",", start)]
            path = self.package.build_file
            return self.texts.start(path, int(line)), (f"{path}:{line}",)
        frames = [(m[1], int(m[2]), m[3]) for m in FRAME.finditer(stack)]
        users = [frame for frame in frames if not self.texts.trusted(frame[0])] or frames
        if self._finalizing[1]:
            place, above = self._finalizing
            return place, (*above, *(f"{path}:{line}" for path, line, _ in users))
        if not users:
            return None, ()
        outer = users[0]
        chain = tuple(f"{path}:{line}" for path, line, _ in users)
        return self.texts.start(outer[0], outer[1]), chain

    # ---- macros -----------------------------------------------------------------

    @property
    def default_visibility(self) -> tuple[str, ...]:
        """Of targets and macros that set none: the package's; inside of a macro, private."""
        return self.package.default_visibility if self.macro is None else (PRIVATE,)

    def enter(self, instance: MacroInstance) -> None:
        """What is declared from now on is declared by a macro."""
        self.macro = instance

    def leave(self) -> None:
        """The innermost macro is through."""
        assert self.macro is not None
        self.macro = self.macro.parent

    def finalize(self, instance: MacroInstance, place: Location | None, chain: tuple[str, ...]) -> None:
        """A finalizer, called at `place`, runs now."""
        self._finalizing = place, chain
        self.macro = instance

    def add_macro(self, instance: MacroInstance, place: Location | None) -> None:
        """Add a macro's instance.  Raises LoadingError where the name is taken."""
        name, parent = instance.name, instance.parent
        within = parent is not None and parent.name == name
        others = self.package.macros.setdefault(name, [])
        if others and not (within and others[-1] is parent):
            raise LoadingError(
                f"{instance.macro.name} named '{name}': there is a macro of this name in {self.package.id} already",
                location=place,
                hint="give one of the two another name",
            )
        if not within and name in self.package.targets and self.package.targets[name].kind != "source":
            raise LoadingError(
                f"{instance.macro.name} named '{name}': there is a target of this name in {self.package.id} already",
                location=place,
                hint="give one of the two another name",
            )
        others.append(instance)

    def _outermost(self, stack: str, place: Location | None, target: str) -> tuple[str, str]:
        """The function that the BUILD file called, and the name it gave it: the target's, where that is no literal."""
        if self.macro is not None:
            top = list(self.macro.callers())[-1]
        frames = [(m[1], m[3]) for m in FRAME.finditer(stack)]
        build = self.package.build_file
        after = next((index for index, frame in enumerate(frames) if frame[0] == build), -1) + 1
        function = frames[after][1].rpartition(".")[2] if after < len(frames) else ""
        if self.macro is not None and (not after or function in ("instantiate_macro", "run_macro__")):
            return top.macro.name, top.name
        if place is None:
            return function, target
        known = self._names.get(place.line)
        if known is None:
            found = self.texts.attribute(place, "name")
            literal = _NAME.match(self.texts.line(found.path, found.line)[max(found.column - 1, 0) :])
            known = self._names[place.line] = literal[2] if literal else ""
        return function, known or target

    def add(self, target: Target) -> None:
        """Add a target.  Raises LoadingError where the name is taken."""
        name = target.label.name
        if name in self.package.macros:
            mine = list(target.macro.callers()) if target.macro is not None else []
            if self.package.macros[name][0] not in mine:
                raise LoadingError(
                    f"target '{name}' has the name of a macro in {self.package.id}, which did not make it",
                    location=target.location,
                    notes=_chain(target.stack),
                    hint="give one of the two another name",
                )
        other = self.package.targets.get(name)
        if other is None and name in self.package.exported:
            raise LoadingError(
                f"target '{name}' has the name of a source file that is exported",
                location=target.location,
                notes=_chain(target.stack),
                hint=f"give it another name, or take {name!r} out of exports_files()",
            )
        if other is not None and other.kind != "source":
            what = "target" if other.kind != "generated" else "output file"
            raise LoadingError(
                f"{what} '{name}' already exists in {self.package.id}"
                + (f", declared at {other.location}" if other.location else ""),
                location=target.location,
                notes=_chain(target.stack),
                hint="give one of the two another name",
            )
        self.package.targets[name] = target

    def instantiate(self, text: str) -> int:
        """A rule was called in a BUILD file or in a macro: its number, the target's name, attributes, call stack.

        1 where the text is not JSON: then it comes once more.
        """
        try:
            rule_id, name, given, stack = received(text)
        except ValueError:
            return 1
        plan = self._plan(rule_id)
        rule = plan.rule
        place, chain = self.place(stack)
        by_macro = len(chain) > 1 or _SHIPPED in stack
        self._made_by = self._outermost(stack, place, name) if by_macro else ("", "")
        if rule.module == LANGUAGES and not by_macro:
            self._made_by = made_by(rule.name, name)
        if not rule.name:
            raise LoadingError(
                f"the rule of target '{name}' has no name",
                location=place,
                notes=_chain(chain),
                hint=f"give what rule() returns a name at the top level of {Label.parse(rule.module)}",
            )
        if plan.fault:
            raise LoadingError(plan.fault, location=place, notes=_chain(chain), hint=plan.hint)
        try:
            target = self._target(plan, name, given, place, chain)
        except AttributeValueError as fault:
            fault.notes = (*fault.notes, *_chain(chain))
            self._add_broken(rule, name, place, chain)
            raise
        self.add(target)
        if "" in target.outputs:
            raise LoadingError(target.outputs[""], label=target.label, location=place, notes=_chain(chain))
        try:
            self._add_outputs(plan, target, place, chain)
        except LoadingError:
            del self.package.targets[name]  # who asks for what the broken package has is not told of it
            raise
        return 0  # the border takes twice as long for None

    def _add_broken(self, rule: Rule, name: str, place: Location | None, chain: tuple[str, ...]) -> None:
        """What the package that fails now has of a target with a wrong attribute: that it is there."""
        label = Label(self.package.repo, self.package.name, name)
        self.package.targets.setdefault(name, Target(label, "rule", rule, location=place, stack=chain))

    def _add_outputs(self, plan: RulePlan, target: Target, place: Location | None, chain: tuple[str, ...]) -> None:
        rule, name = plan.rule, target.label.name
        outputs = [output for key in plan.outputs for output in _listed(target.attributes.get(key))]
        if rule.outputs or target.outputs:
            outputs += rule.output_names(name, target.attributes, target.outputs).values()
        for output in outputs:
            self._check_prefixes(output, place)
            if output == name:
                continue  # as Bazel: an output may be called as its rule is, which then hides it
            generated = Target(
                target.label.sibling(output),
                "generated",
                location=place,
                visibility=target.visibility,
                generator=target.label,
                stack=chain,
                macro=self.macro,
            )
            self.add(generated)

    def _check_prefixes(self, output: str, place: Location | None) -> None:
        """No output may lie below another one, which would have to be a directory then."""
        above = self.package.above_outputs
        parents = _parents(output) if "/" in output else []
        clash = next((name for name in parents if self._is_output(name)), None)
        if clash is None:
            clash = above.get(output)
        if clash is not None:
            raise LoadingError(
                f"the outputs '{output}' and '{clash}' cannot both be there: one would be a directory",
                location=place,
                hint="give one of them another name",
            )
        for parent in parents:
            above.setdefault(parent, output)

    def _is_output(self, name: str) -> bool:
        target = self.package.targets.get(name)
        return target is not None and target.kind == "generated"

    def _target(
        self, plan: RulePlan, name: str, given: dict[str, Any], place: Location | None, chain: tuple[str, ...]
    ) -> Target:
        rule = plan.rule
        try:
            if not SIMPLE_NAME.fullmatch(name):
                check_target(name, name)
        except LabelError as fault:
            message = fault.message.replace("bad label", "bad name", 1)
            raise LoadingError(f"{rule.name}(): {message}", location=place, notes=_chain(chain)) from None
        label = Label(self.package.repo, self.package.name, name)
        attributes: dict[str, Any] = {}
        computed = given.pop("computed__", {}) if rule.functions else {}
        patterns: Mapping[str, str] = given.pop("outputs__", NO_OUTPUTS) if rule.functions else NO_OUTPUTS
        for key, value in computed.items():
            if value is not None:
                check = AttributeCheck(rule, label, key, rule.schema[key], place, self.texts, self.label, self.mention)
                attributes[key] = check.value(value)
        settable = plan.settable
        for key, value in given.items():
            schema = settable.get(key)
            if schema is not None and value is not None:
                made = plain(schema, value, self._absolute)
                if made is not UNSURE:
                    attributes[sys.intern(key)] = made
                    continue
            schema = rule.schema.get(key) or _COMMON.get(key)
            taken = rule.takes(key)
            if taken and value is not None and key not in settable:
                made = value if schema is None else plain(schema, value, self._absolute)
                if made is not UNSURE:
                    attributes[sys.intern(key)] = made
                    continue
            check = AttributeCheck(
                rule, label, key, schema or AttributeSchema("string"), place, self.texts, self.label, self.mention
            )
            if not taken:
                check.fail(
                    f"no such attribute '{key}' in rule '{rule.name}'",
                    did_you_mean(key, rule.public_attributes())
                    or f"{rule.name} has: " + ", ".join(sorted(rule.public_attributes())),
                )
            if value is not None:
                attributes[key] = value if schema is None else check.value(value)
        if rule.build_setting_repeated and isinstance(attributes.get("build_setting_default"), str):
            attributes["build_setting_default"] = [attributes["build_setting_default"]]
        for key in plan.mandatory:
            if key not in attributes:
                raise AttributeValueError(
                    f"missing value for mandatory attribute '{key}' in rule '{rule.name}'", location=place, label=label
                )
        for key, other in plan.defaults:
            if key not in attributes:
                self.mention(other)
        visibility = self.default_visibility
        if "visibility" in attributes:
            visibility = self.visibility(attributes["visibility"], place)
        if self.package.default_testonly:
            attributes.setdefault("testonly", True)
        if self.package.default_deprecation:
            attributes.setdefault("deprecation", self.package.default_deprecation)
        return Target(
            label,
            "rule",
            rule,
            attributes,
            place,
            visibility,
            stack=chain,
            macro=self.macro,
            made_by=self._made_by,
            outputs=patterns,
        )

    def mention(self, label: Label) -> None:
        """A label stands in an attribute: a source file of this package becomes a target by that."""
        if (label.repo, label.package) == (self.package.repo, self.package.name):
            self.package.referenced.add(label.name)

    def visibility(self, value: Any, place: Location | None) -> tuple[str, ...]:
        """A visibility attribute, checked and with absolute labels.  Raises AttributeValueError."""
        if place is not None:
            place = self.texts.attribute(place, "visibility")
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise AttributeValueError(
                "visibility is a list of labels", location=place, hint='for instance ["//visibility:public"]'
            )
        out = []
        for text in value:
            try:
                label = Label.parse(text) if text.startswith("//visibility:") else self.label(text)
            except RulesEngineError as fault:
                raise AttributeValueError(f"visibility: {fault.message}", location=place, hint=fault.hint) from None
            if label.package == "visibility" and not label.repo and label.name not in ("public", "private"):
                raise AttributeValueError(
                    f"bad visibility {text!r}", location=place, hint="//visibility:public or //visibility:private"
                )
            out.append(str(label))
        return tuple(out)


def _chain(stack: tuple[str, ...]) -> list[str]:
    """Notes for the calls between the BUILD file and the rule, when a macro is in between."""
    return [f"by the macro at {place}" for place in stack[1:]]


def _parents(path: str) -> list[str]:
    """`a/b/c` -> `a`, `a/b`."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
