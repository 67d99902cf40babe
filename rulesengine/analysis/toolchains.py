"""Toolchain resolution: which toolchains a target gets, and on which platform its actions are to run.

As Bazel has it: of the execution platforms, in their order, the first for which every mandatory type has a
toolchain; of the toolchains of a type, in their order, the first that fits the target and the execution platform.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rulesengine.analysis.conditions import Conditions
from rulesengine.analysis.constraints import Constraints
from rulesengine.analysis.platforms import follow, platform_of
from rulesengine.errors import AnalysisError, Location, RulesEngineError
from rulesengine.loading import Loader
from rulesengine.model.events import Message
from rulesengine.model.label import Label
from rulesengine.model.pattern import TargetPattern
from rulesengine.model.platform import Configuration
from rulesengine.model.ports import Listener
from rulesengine.model.rule import ExecGroup
from rulesengine.model.target import Target, labels_of
from rulesengine.values import field, frozen

EXTRA_TOOLCHAINS = "//command_line_option:extra_toolchains"
EXTRA_PLATFORMS = "//command_line_option:extra_execution_platforms"


@frozen
class Declared:
    """A `toolchain()` of a BUILD file.  implementation: what gives the ToolchainInfo.  Constraint values are labels."""

    label: Label
    type: Label
    implementation: Label
    execution: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    same_platform: bool = False


@frozen
class Entry:
    """One type of toolchain that a rule asks for.

    texts: how a .bzl file may write it as a key.  implementation: None where it is optional and nothing fits.
    """

    texts: tuple[str, ...]
    label: Label
    implementation: Label | None


@frozen
class Choice:
    """The platform on which an execution group's actions run, and its toolchains.

    implementations: the configuration in which these are analysed: the target's, with the execution platform held.
    """

    execution: Configuration
    implementations: Configuration
    entries: tuple[Entry, ...] = field(default=())


class Toolchains:
    """Resolves toolchains, for one build.  debug: a pattern; what is chosen of types that match it is told."""

    def __init__(
        self, loader: Loader, conditions: Conditions, constraints: Constraints, listener: Listener | None
    ) -> None:
        self._loader = loader
        self._conditions = conditions
        self._constraints = constraints
        self._listener = listener
        self.debug = ""
        self._platforms: dict[tuple[Configuration, tuple[str, ...]], tuple[Configuration, ...]] = {}
        self._declared: dict[tuple[str, ...], list[Declared]] = {}
        self._texts: dict[tuple[str, str], tuple[str, ...]] = {}
        self._asked: dict[Configuration, None] = {}

    # ---- what there is ----------------------------------------------------------

    def platforms(self, configuration: Configuration, host: Configuration) -> tuple[Configuration, ...]:
        """The execution platforms, the first one first: of the command line, registered ones, this machine."""
        extra = _listed(configuration.setting(EXTRA_PLATFORMS))
        registered = self._loader.repositories.execution_platforms
        key = (host, extra)
        found = self._platforms.get(key)
        if found is None:
            every: dict[Configuration, None] = {}
            for pattern, place in (*((one, None) for one in extra), *registered):
                for target in self._matched(pattern, "platform", place):
                    every[platform_of(self._loader, str(target.label), host.settings).as_tool()] = None
            every[host] = None
            found = self._platforms[key] = tuple(every)
        return found

    def _registered(self, configuration: Configuration) -> list[Declared]:
        """The toolchains in their order: of the command line (the last flag first), then registered ones."""
        extra = _listed(configuration.setting(EXTRA_TOOLCHAINS))
        found = self._declared.get(extra)
        if found is None:
            every: dict[Label, Declared] = {}
            registered = self._loader.repositories.toolchains
            for pattern, place in (*((one, None) for one in reversed(extra)), *registered):
                for target in self._matched(pattern, "toolchain", place):
                    every.setdefault(target.label, self._declaration(target))
            found = self._declared[extra] = list(every.values())
        return found

    def considered(self, also: Iterable[Configuration] = ()) -> Iterator[tuple[Label, Configuration]]:
        """The registered toolchains, in each configuration in which something was chosen among them, and in others."""
        for configuration in dict.fromkeys((*self._asked, *also)):
            yield from ((one.label, configuration) for one in self._registered(configuration))

    def _matched(self, text: str, kind: str, place: Location | None) -> Iterator[Target]:
        """The targets of a kind that a pattern of register_toolchains() and the like names."""
        pattern = TargetPattern.parse(text, "")
        loader = self._loader
        repo = loader.canonical_repo(pattern.repo)
        names = "toolchains" if kind == "toolchain" else "execution_platforms"
        where = f"--extra_{names}={text}" if place is None else f"register_{names}({text!r}) in {place}"
        try:
            if pattern.kind == "single" or (
                pattern.kind == "package" and pattern.name in loader.package(repo, pattern.package).targets
            ):
                target = follow(loader, Label(repo, pattern.package, pattern.name))
                if target.rule_name != kind:
                    raise AnalysisError(f"{target.label} is a {target.rule_name}, not a {kind}")
                yield target
                return
            packages = [pattern.package] if pattern.kind == "package" else loader.packages(pattern.package, repo)
            for name in packages:
                package = loader.package(repo, name)
                yield from sorted(
                    (one for one in package.rule_targets() if one.rule_name == kind), key=lambda one: one.label.name
                )
        except RulesEngineError as fault:
            fault.location = fault.location or place
            fault.notes = (*fault.notes, f"named by {where}")
            raise

    def _declaration(self, target: Target) -> Declared:
        attributes = target.attributes
        return Declared(
            target.label,
            follow(self._loader, Label.parse(attributes["toolchain_type"]), target.location).label,
            self._loader.label(attributes["toolchain"], target.label.repo, target.label.package),
            tuple(map(str, labels_of("label_list", attributes.get("exec_compatible_with")))),
            tuple(map(str, labels_of("label_list", attributes.get("target_compatible_with")))),
            tuple(map(str, labels_of("label_list", attributes.get("target_settings")))),
            bool(attributes.get("use_target_platform_constraints")),
        )

    # ---- what a target gets -----------------------------------------------------

    def resolve(
        self,
        target: Target,
        groups: dict[str, ExecGroup],
        configuration: Configuration,
        host: Configuration,
        module: str = "",
    ) -> dict[str, Choice]:
        """The choice for each execution group, the rule's own under the empty name.  Raises AnalysisError.

        module: the file whose words for types count: that of the rule, where it is not said.
        """
        try:
            return self._resolve(target, groups, configuration, host, module)
        except RulesEngineError as fault:  # of what is registered: who needs it is the place to begin at
            fault.label = fault.label or str(target.label)
            fault.location = fault.location or target.location
            raise

    def _resolve(
        self,
        target: Target,
        groups: dict[str, ExecGroup],
        configuration: Configuration,
        host: Configuration,
        module: str,
    ) -> dict[str, Choice]:
        own = tuple(map(str, labels_of("label_list", target.attributes.get("exec_compatible_with"))))
        every = self.platforms(configuration, host)
        out: dict[str, Choice] = {}
        for name, group in (groups or {"": ExecGroup()}).items():
            available = every
            if not name and configuration.execution is not None:
                available = (configuration.execution,)
            demanded = (*group.exec_compatible_with, *own)
            out[name] = self._choose(target, group, demanded, configuration.plain, (every, available), module)
        return out

    def _choose(
        self,
        target: Target,
        group: ExecGroup,
        demanded: tuple[str, ...],
        configuration: Configuration,
        platforms: tuple[Sequence[Configuration], Sequence[Configuration]],
        module: str,
    ) -> Choice:
        """platforms: all that may run actions, and those of them that may be chosen here."""
        constraints = self._constraints
        every, available = platforms
        fitting = [one for one in available if not constraints.missing(demanded, one, target.location)]
        if not fitting:
            raise AnalysisError(
                "no execution platform has what its actions demand: "
                + ", ".join(str(constraints.value(one).label) for one in demanded),
                label=target.label,
                location=target.location,
                notes=[
                    f"{_shown(one)} is not " + " and not ".join(constraints.missing(demanded, one)) for one in available
                ],
                hint="register one with register_execution_platforms() in MODULE.bazel, "
                "or name one with --extra_execution_platforms",
            )
        types = [(text, self._type(text, target), mandatory) for text, mandatory in group.toolchains]
        if types:
            self._asked[configuration] = None
        best: tuple[Configuration, dict[Label, Declared]] | None = None
        for execution in fitting:
            found: dict[Label, Declared] = {}
            for _, label, _ in types:
                chosen = self._toolchain(label, configuration, execution)
                if chosen is not None:
                    found[label] = chosen
            if all(label in found for _, label, mandatory in types if mandatory) and (
                best is None or len(found) > len(best[1])
            ):
                best = execution, found
        if best is None:
            raise self._nothing(target, [label for _, label, mandatory in types if mandatory], configuration, fitting)
        execution, found = best
        module = module or (target.rule.module if target.rule is not None else "")
        entries = []
        for text, label, _ in types:
            declared = found.get(label)
            entries.append(Entry(self._keys(module, text, label), label, declared.implementation if declared else None))
            self._tell(label, f"{target.label}: {label} is " + (str(declared.label) if declared else "not there"))
        for _, label, _ in types:
            self._tell(label, f"{target.label}: its actions run on {_shown(execution)}")
        held = configuration if len(every) == 1 else configuration.held(execution)
        return Choice(execution, held, tuple(entries))

    def _type(self, text: str, target: Target) -> Label:
        found = follow(self._loader, Label.parse(text))
        if found.rule_name != "toolchain_type":
            raise AnalysisError(
                f"{text} is a {found.rule_name}, not a toolchain_type", label=target.label, location=target.location
            )
        return found.label

    def _toolchain(self, label: Label, configuration: Configuration, execution: Configuration) -> Declared | None:
        for one in self._registered(configuration):
            if one.type == label and self._why_not(one, configuration, execution) is None:
                return one
        return None

    def _why_not(self, one: Declared, configuration: Configuration, execution: Configuration) -> str | None:
        """Why a toolchain does not fit, or None."""
        constraints = self._constraints
        if one.same_platform:
            if configuration.constraints != execution.constraints:
                return f"it is for actions on the target platform, {_shown(configuration)}, not on {_shown(execution)}"
        else:
            missing = constraints.missing(one.target, configuration)
            if missing:
                return f"target platform {_shown(configuration)} is not " + " and not ".join(missing)
            missing = constraints.missing(one.execution, execution)
            if missing:
                return f"execution platform {_shown(execution)} is not " + " and not ".join(missing)
        for setting in one.settings:
            if self._conditions.facts(setting, configuration) is None:
                return f"its setting {Label.parse(setting)} does not hold"
        return None

    def _nothing(
        self,
        target: Target,
        types: list[Label],
        configuration: Configuration,
        available: Sequence[Configuration],
    ) -> AnalysisError:
        lacking = [one for one in types if all(self._toolchain(one, configuration, p) is None for p in available)]
        notes: list[str] = []
        for label in lacking or types:
            tried = [one for one in self._registered(configuration) if one.type == label]
            if not tried:
                notes.append(f"no toolchain of type {label} is registered")
            for one in tried:
                reasons = [self._why_not(one, configuration, execution) for execution in available]
                notes += dict.fromkeys(f"{one.label} does not fit: {reason}" for reason in reasons if reason)
        names = ", ".join(map(str, lacking or types))
        message = f"no matching toolchain for type{'s' if len(lacking or types) > 1 else ''} {names}"
        if not lacking:
            message = f"no execution platform has toolchains of all of the types {names}"
        return AnalysisError(
            message,
            label=target.label,
            location=target.location,
            notes=notes,
            hint="declare one with toolchain(), and register it with register_toolchains() in MODULE.bazel "
            "or name it with --extra_toolchains",
        )

    def _tell(self, label: Label, text: str) -> None:
        if self.debug and self._listener is not None and re.search(self.debug, str(label)):
            self._listener(Message("info", f"toolchains of {text}"))

    def _keys(self, module: str, text: str, label: Label) -> tuple[str, ...]:
        """How a type may be written in the rule's own file."""
        known = self._texts.get((module, text))
        if known is None:
            here = Label.parse(module) if module else label
            names = {self._loader.repositories.module_name}
            written = self._loader.canonical(Label.parse(text))
            known = self._texts[module, text] = tuple(
                dict.fromkeys(key for one in (written, label) for key in spellings(one, here, names))
            )
        return known


def _listed(value: object) -> tuple[str, ...]:
    """A flag's value: a list, or a text with commas."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return ()
    return tuple(part for one in value for part in str(one).split(",") if part)


def _shown(configuration: Configuration) -> str:
    return configuration.platform_label or str(configuration.platform)


def spellings(label: Label, here: Label, names: set[str]) -> Iterator[str]:
    """The ways to write a label in a file of the package `here`.  names: the main module's own."""
    path = f"//{label.package}:{label.name}"
    short = f"//{label.package}" if label.package.rpartition("/")[2] == label.name else ""
    prefixes = [f"@{label.repo}", f"@@{label.repo}"]
    if not label.repo:
        prefixes += [f"@{name}" for name in names if name]
    if label.repo == here.repo:
        prefixes.append("")
    for prefix in prefixes:
        yield prefix + path
        if short:
            yield prefix + short
    if (label.repo, label.package) == (here.repo, here.package):
        yield f":{label.name}"
