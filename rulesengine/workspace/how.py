"""HowToBuild, HowToAnalyse: arguments that several methods of Workspace share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from rulesengine.model.ports import Listener
from rulesengine.workspace.cancel import CancelToken
from rulesengine.workspace.spawning import Spawning


class HowToBuild(TypedDict, total=False):
    """See Workspace.build for what they mean."""

    platform: str | None
    settings: Sequence[str]
    defines: Sequence[str]
    compilation_mode: str
    host_platform: str | None
    features: Sequence[str]
    extra_toolchains: Sequence[str]
    extra_execution_platforms: Sequence[str]
    toolchain_resolution_debug: str
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
    host_platform: str | None
    features: Sequence[str]
    extra_toolchains: Sequence[str]
    extra_execution_platforms: Sequence[str]
    keep_going: bool
    implicit: bool
    tools: bool
    listener: Listener | None
    cancel: CancelToken | None
