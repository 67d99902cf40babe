"""Question: what `cquery` and `aquery` are asked, and in which configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rulesengine.values import field, frozen
from rulesengine.workspace.how import HowToAnalyse, variables


@frozen
class Question:
    """A query about configured targets.  universe: patterns to analyse; empty: those that the expression names.

    lists: flags that are lists, by name.  The rest is as Workspace.build takes it.
    """

    expression: str
    package: str = ""
    universe: str = ""
    platform: str | None = None
    settings: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    compilation_mode: str = "fastbuild"
    keep_going: bool = False
    implicit: bool = True
    tools: bool = True
    host_platform: str | None = None
    lists: Mapping[str, Sequence[str]] = field(factory=dict)

    @staticmethod
    def of(expression: str, how: HowToAnalyse) -> Question:
        """The question that the arguments of a Workspace's method ask."""
        return Question(
            expression,
            package=how.get("package", ""),
            universe=how.get("universe", ""),
            platform=how.get("platform"),
            settings=tuple(how.get("settings", ())),
            defines=tuple(how.get("defines", ())),
            compilation_mode=how.get("compilation_mode", "fastbuild"),
            keep_going=how.get("keep_going", False),
            implicit=how.get("implicit", True),
            tools=how.get("tools", True),
            host_platform=how.get("host_platform"),
            lists={
                "action_env": variables(how.get("action_env", ())),
                "host_action_env": variables(how.get("host_action_env", ()), "--host_action_env"),
                "host_compilation_mode": (how.get("host_compilation_mode", "opt"),),
                "features": tuple(how.get("features", ())),
                "extra_toolchains": tuple(how.get("extra_toolchains", ())),
                "extra_execution_platforms": tuple(how.get("extra_execution_platforms", ())),
            },
        )
