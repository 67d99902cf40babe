"""Flags that choose configurations, toolchains, aspects and stamps."""

from __future__ import annotations

from rulesengine.cli.flags.flag import ANALYSERS, BUILDERS, Flag

CONFIGURING = (
    Flag(
        "platforms", "string", "for which platform: OS/ARCHITECTURE[/VARIANT] or the label "
        "of a platform (default: this "
        "machine's)", metavar="PLATFORM", commands=ANALYSERS,
    ),
    Flag(
        "host_platform", "string", "the platform of tools that run here: as --platforms, "
        "whose default it is (default: this machine's)", metavar="PLATFORM", commands=ANALYSERS,
    ),
    Flag(
        "extra_toolchains", "list", "toolchains that come before those MODULE.bazel registers, as labels or patterns",
        metavar="PATTERN", commands=ANALYSERS,
    ),
    Flag(
        "extra_execution_platforms", "list", "platforms that actions may run on, before those MODULE.bazel registers",
        metavar="PATTERN", commands=ANALYSERS,
    ),
    Flag(
        "toolchain_resolution_debug", "string", "tell which toolchains are chosen of the types that match",
        metavar="REGEX", commands=BUILDERS,
    ),
    Flag("features", "list", "a feature that rules may ask for; -NAME: one that is off", metavar="NAME",
         commands=ANALYSERS),
    Flag("action_env", "list", "a variable of actions that ask for the default shell environment; NAME alone: the "
         "caller's value", metavar="NAME[=VALUE]", commands=ANALYSERS),
    Flag("host_action_env", "list", "the same for tools that run on this machine", metavar="NAME[=VALUE]",
         commands=ANALYSERS),
    Flag("define", "list", "a value that config_setting(define_values = …) and $(NAME) read", metavar="NAME=VALUE",
         commands=ANALYSERS),
    Flag(
        "compilation_mode", "choice", "what config_setting(values = {\"compilation_mode\": …}) reads", "fastbuild",
        short="c", choices=("fastbuild", "dbg", "opt"), commands=ANALYSERS,
    ),
    Flag(
        "host_compilation_mode", "choice", "the same for tools that run on this machine", "opt",
        choices=("fastbuild", "dbg", "opt"), commands=ANALYSERS,
    ),
    Flag(
        "setting", "list", "a build setting, in Bazel's words: --//package:name=value, --no//package:name",
        metavar="LABEL=VALUE", commands=ANALYSERS,
    ),
    Flag("aspects", "list", "apply these aspects to the targets, in this order; several with commas between them",
         metavar="LABEL%NAME", commands=BUILDERS),
    Flag("aspects_parameters", "list", "the values of attributes of --aspects", metavar="NAME=VALUE",
         commands=BUILDERS),
    Flag("stamp", "bool", "tell rules that may stamp to do so", False, commands=BUILDERS),
    Flag("embed_label", "string", "BUILD_EMBED_LABEL of ctx.info_file", "", metavar="TEXT", commands=BUILDERS),
    Flag("workspace_status_command", "string", "a command that prints KEY VALUE lines: STABLE_… for ctx.info_file, "
         "others for ctx.version_file", "", metavar="COMMAND", commands=BUILDERS),
)  # fmt: skip
