"""The two configurations that a command line asks for: of what is built, and of the tools that build it."""

from __future__ import annotations

from rulesengine.analysis import platform_of
from rulesengine.analysis.settings import for_targets, for_tools, settings
from rulesengine.loading import Loader
from rulesengine.model.platform import Configuration
from rulesengine.workspace.host import host_platform
from rulesengine.workspace.question import Question
from rulesengine.workspace.request import Request


def configurations(loader: Loader, asked: Request | Question) -> tuple[Configuration, Configuration]:
    """The target and the exec configuration.  Raises UsageError, LoadingError."""
    host = asked.host_platform or str(host_platform())
    chosen = settings(
        loader,
        flags=asked.settings,
        defines=asked.defines,
        compilation_mode=asked.compilation_mode,
        lists=asked.lists,
        stamp=isinstance(asked, Request) and asked.stamp,
        package=asked.package,
    )
    return (
        platform_of(loader, asked.platform or host, for_targets(chosen)),
        platform_of(loader, host, for_tools(chosen)).as_tool(),
    )
