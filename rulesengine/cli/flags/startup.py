"""Startup flags, which stand before the command."""

from __future__ import annotations

from rulesengine.cli.flags.flag import Flag

STARTUP = (
    Flag("directory", "path", "work in DIR, as if started there (as in git and make)", short="C", metavar="DIR"),
    Flag("pybuildrc", "list", "read this rc file too, after the others; /dev/null ends the list", metavar="FILE"),
    Flag("system_rc", "bool", "read /etc/pybuild.pybuildrc", True),
    Flag("workspace_rc", "bool", "read .pybuildrc beside MODULE.bazel", True),
    Flag("home_rc", "bool", "read ~/.pybuildrc", True),
    Flag("ignore_all_rc_files", "bool", "read no rc file at all", False),
    Flag("output_base", "path", "the directory for this workspace's outputs and state", metavar="DIR"),
    Flag("block_for_lock", "bool", "wait when another pybuild builds this workspace; else exit with 9", True),
)
