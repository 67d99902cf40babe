"""Flags of nearly every command: rc files, the cache, servers."""

from __future__ import annotations

from rulesengine.cli.flags.flag import ALL, BUILDERS, LOADERS, UPKEEP, Flag

GENERAL = (
    Flag("config", "list", "take the lines COMMAND:NAME of the rc files in here", metavar="NAME", commands=ALL),
    Flag("enable_platform_specific_config", "bool", "take the lines COMMAND:linux of the rc files in on Linux, "
         "COMMAND:macos on macOS", False, commands=ALL),
    Flag("block_for_lock", "bool", "wait when another pybuild builds this workspace; else exit "
    "with 9", True, commands=ALL),
    Flag(
        "disk_cache", "path", "the cache, shared by workspaces (default: PYBUILD_CACHE, else ~/.cache/pybuild)",
        metavar="DIR", commands=(*LOADERS, "info", "clean", "init", *UPKEEP),
    ),
    Flag(
        "mirror", "list", "where package archives are, tried in order before "
        "PYBUILD_MIRROR and the machine's apt sources: "
        "[KIND=]URL, /DIRECTORY, system or snapshot", metavar="MIRROR", commands=(*BUILDERS, "lock", "init"),
    ),
    Flag("offline", "bool", "never reach for a server", False, commands=(*BUILDERS, "lock", "init")),
)  # fmt: skip
