"""Flags of commands that look after the cache, lock files and BUILD files."""

from __future__ import annotations

from rulesengine.cli.flags.flag import Flag

UPKEEP = (
    Flag("check", "bool", "write nothing; exit with 1 and a list when a lock file is stale", False, commands=("lock",)),
    Flag(
        "allow_missing_indexes", "bool",
        "lock an architecture without a suite whose index no mirror has for it (the lock file notes it)", False,
        commands=("lock",),
    ),
    Flag("update", "bool", "resolve anew against the archive as it is today", False, commands=("lock",)),
    Flag("lock", "bool", "refresh the lock file from the archive", True, commands=("init",)),
    Flag("output", "choice", "in which form to print", "text", choices=("text", "json"), commands=("lint",)),
    Flag("fix", "bool", "put right what can be put right in one way only (unused-load, "
         "integer-division, native-build), then show the rest", False, commands=("lint",)),
    Flag("output", "choice", "Markdown, or JSON in the shape of Stardoc's ModuleInfo", "markdown",
         choices=("markdown", "json"), commands=("docs",)),
    Flag(
        "warnings", "list", "which findings to show: names, all, default; +NAME adds, -NAME takes away, with commas "
        "between (pybuild help warnings lists them)", metavar="NAME", commands=("lint",),
    ),
    Flag("expunge", "bool", "remove all that this workspace keeps in the cache directory", False, commands=("clean",)),
    Flag("max_size", "string", "drop what was used longest ago until no more than this is left (10G)", metavar="SIZE",
         commands=("gc",)),
    Flag("max_age", "string", "drop what was not used for this long (30d, 12h)", metavar="AGE", commands=("gc",)),
    Flag("grace", "string", "keep what is younger than this whatever its size (default: 1h)", metavar="AGE",
         commands=("gc",)),
    Flag("dry_run", "bool", "only say what would go", False, commands=("gc",)),
    Flag("repair", "bool", "take away what is damaged; it is made again when it is needed", False, commands=("fsck",)),
)  # fmt: skip
