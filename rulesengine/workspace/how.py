"""HowToBuild, HowToAnalyse: arguments that several methods of Workspace share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypedDict

from rulesengine.errors import UsageError, check_text
from rulesengine.model.ports import Listener
from rulesengine.workspace.cancel import CancelToken
from rulesengine.workspace.spawning import Spawning


class HowToBuild(TypedDict, total=False):
    """See Workspace.build for what they mean."""

    platform: str | None
    settings: Sequence[str]
    defines: Sequence[str]
    compilation_mode: str
    host_compilation_mode: str
    host_platform: str | None
    links: str
    symlink_prefix: str
    action_env: Sequence[str]
    host_action_env: Sequence[str]
    features: Sequence[str]
    extra_toolchains: Sequence[str]
    extra_execution_platforms: Sequence[str]
    toolchain_resolution_debug: str
    tag_filters: Sequence[str]
    output_groups: Sequence[str]
    run_validations: bool
    stamp: bool
    embed_label: str
    workspace_status_command: str
    jobs: int | None
    keep_going: bool
    sandbox: bool | None
    keep_sandboxes: bool
    spawning: Spawning | None
    verbose_failures: bool
    aspects: Sequence[str]
    aspects_parameters: Sequence[str]
    package: str
    details: bool
    only_check: bool
    listener: Listener | None
    cancel: CancelToken | None


class HowToAnalyse(TypedDict, total=False):
    """What `cquery`, `aquery` and `analyze` take beside what they are asked.

    universe: patterns, separated by commas: what is analysed, and where allrdeps() looks; empty: what is asked about.
    implicit: whether dependencies that rules add by themselves count; tools: those for the machine that builds.
    The others mean what they mean for Workspace.build.
    """

    package: str
    universe: str
    platform: str | None
    settings: Sequence[str]
    defines: Sequence[str]
    compilation_mode: str
    host_compilation_mode: str
    host_platform: str | None
    action_env: Sequence[str]
    host_action_env: Sequence[str]
    features: Sequence[str]
    extra_toolchains: Sequence[str]
    extra_execution_platforms: Sequence[str]
    keep_going: bool
    implicit: bool
    tools: bool
    listener: Listener | None
    cancel: CancelToken | None


def variables(texts: Sequence[str], flag: str = "--action_env") -> tuple[str, ...]:
    """`NAME=VALUE` texts, one of a name, sorted; of a `NAME` alone this process's own value, if it has one.

    Raises UsageError, which names the flag.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name:
            raise UsageError(f"{flag}={text}: it is NAME=VALUE or NAME")
        if equals:
            found[name] = value
        elif name in os.environ:
            found[name] = os.environ[name]
        else:
            found.pop(name, None)
        check_text(found.get(name, ""), f"{flag}={name}")
    return tuple(f"{name}={value}" for name, value in sorted(found.items()))
