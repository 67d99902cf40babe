"""Flags of commands that build: what is made, and how."""

from __future__ import annotations

from rulesengine.cli.flags.flag import BUILDERS, LOADERS, Flag

BUILDING = (
    Flag("jobs", "string", "actions at a time; auto: as many as processors", "auto", short="j", metavar="N",
         commands=BUILDERS),
    Flag("keep_going", "bool", "after a failure, build what does not depend on it", False, short="k", commands=LOADERS),
    Flag("output_groups", "list", "build these output groups instead of the default one; +NAME adds, -NAME takes away",
         metavar="NAME,…", commands=BUILDERS),
    Flag("run_validations", "bool", "make the output groups _validation too", True, commands=BUILDERS),
    Flag("experimental_convenience_symlinks", "choice", "accepted as in Bazel; pybuild-bin is made", "normal",
         choices=("normal", "clean", "ignore", "log_only"), commands=BUILDERS),
    Flag("sandbox_debug", "bool", "keep the directories in which processes ran", False, commands=BUILDERS),
    Flag(
        "spawn_strategy", "choice", "sandboxed: processes without network, seeing their inputs only; local: without a "
        "sandbox; auto: sandboxed where this machine can", "auto", choices=("auto", "sandboxed", "local"),
        commands=BUILDERS,
    ),
    Flag("build", "bool", "execute; --nobuild stops after analysis", True, commands=("build",)),
)  # fmt: skip
