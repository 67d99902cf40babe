"""A workspace in a temporary directory, loaded and analysed: what tests of loading and analysis share."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path

from rulesengine.analysis import Analysis, Analyzer, ConfiguredTarget, configuration, platform_of
from rulesengine.errors import RulesEngineError
from rulesengine.loading import Loader
from rulesengine.model.action import Action
from rulesengine.model.command_line import no_trees, render
from rulesengine.model.events import Event, Message
from rulesengine.model.platform import Platform

AMD64 = configuration(Platform("linux", "amd64"))
ARM64 = configuration(Platform("linux", "arm64", "v8"))


class Space:
    """Files, then what becomes of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.events: list[Event] = []
        self.write("MODULE.bazel", "")

    def write(self, path: str, content: str | bytes = "") -> Path:
        """A file, with the directories above it."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def files(self, files: dict[str, str]) -> Space:
        """Several files."""
        for path, content in files.items():
            self.write(path, content)
        return self

    def loader(self) -> Loader:
        """A new Loader."""
        return Loader(str(self.root), self.events.append)

    def resolve(self, *patterns: str, package: str = "") -> list[str]:
        """Target patterns as text."""
        return [str(label) for label in self.loader().resolve(patterns, package)]

    def attribute(self, label: str, name: str) -> object:
        """A raw attribute value."""
        loader = self.loader()
        return loader.target(loader.label(label)).attributes.get(name)

    def analysis(self, *patterns: str, platform: str = "linux/amd64", exec_platform: str | None = None) -> Analysis:
        """Everything the patterns stand for, analysed."""
        loader = self.loader()
        analyzer = Analyzer(loader)
        return analyzer.analyze(
            loader.resolve(patterns),
            platform_of(loader, platform),
            exec_configuration=platform_of(loader, exec_platform) if exec_platform else None,
        )

    def target(self, label: str, platform: str = "linux/amd64", exec_platform: str | None = None) -> ConfiguredTarget:
        """One configured target."""
        return self.analysis(label, platform=platform, exec_platform=exec_platform).targets[0]

    def prints(self, *patterns: str, platform: str = "linux/amd64") -> list[str]:
        """What print() said while the patterns were analysed."""
        self.events.clear()
        self.analysis(*patterns, platform=platform)
        return [event.text for event in self.events if isinstance(event, Message)]

    def error(self, *patterns: str, platform: str = "linux/amd64") -> RulesEngineError:
        """The error that analysing the patterns ends in."""
        try:
            self.analysis(*patterns, platform=platform)
        except RulesEngineError as fault:
            return fault
        raise AssertionError("no error")


def argv(action: Action) -> list[str]:
    """An action's arguments as text."""
    return render(action.arguments, attrgetter("path"), no_trees)


def short(target: ConfiguredTarget) -> list[str]:
    """The short paths of a target's default outputs."""
    return [file.short_path for file in target.files]


def rule(body: str, attrs: str = "", more: str = "", before: str = "") -> str:
    """A .bzl file with one rule `thing`."""
    lines = "".join(f"    {line}\n" for line in body.strip("\n").split("\n"))
    return f"{before}def _impl(ctx):\n{lines}thing = rule(implementation = _impl, attrs = {{{attrs}}}{more})\n"


def define(space: Space, bzl: str, build: str = 'thing(name = "x")') -> Space:
    """Package `a` with `thing` from `bzl`."""
    space.write("a/d.bzl", bzl)
    space.write("a/BUILD", f'load(":d.bzl", "thing")\n{build}\n')
    return space
