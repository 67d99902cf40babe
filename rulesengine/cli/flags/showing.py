"""Flags that say what is shown."""

from __future__ import annotations

from rulesengine.cli.flags.flag import ALL, BUILDERS, LOADERS, Flag

SHOWING = (
    Flag("announce_rc", "bool", "show which flags come from which rc file", False, commands=ALL),
    Flag(
        "color", "choice", "colour in diagnostics; auto: on terminals, unless NO_COLOR is set", "auto",
        choices=("yes", "no", "auto"), commands=ALL,
    ),
    Flag(
        "curses", "choice", "draw progress in place; auto: on terminals", "auto",
        choices=("yes", "no", "auto"), commands=LOADERS,
    ),
    Flag(
        "show_output", "choice", "what to print on standard output: digests (LABEL DIGEST), "
        "json, files (paths) or nothing",
        "none", choices=("none", "digests", "json", "files"),
        commands=(*BUILDERS, "lock", "init", "clean", "gc", "fsck", "cache"),
    ),
    Flag("output", "choice", "in which form to print", "text", choices=("text", "json"),
         commands=("info", "help", "version")),
    Flag(
        "error_format", "choice", "how errors are told on standard error; json: one object a line", "text",
        choices=("text", "json"), commands=ALL,
    ),
    Flag("show_result", "int", "show each target's outputs when there are at most so many targets", 10, metavar="N",
         commands=BUILDERS),
    Flag("show_progress_rate_limit", "string", "seconds between two drawings of the progress (default: 0.1)",
         metavar="SECONDS", commands=LOADERS),
    Flag("ui_actions_shown", "int", "how many running actions the progress names", 8, metavar="N", commands=LOADERS),
    Flag("show_timestamps", "bool", "begin messages with the time", False, commands=LOADERS),
    Flag("profile", "path", "write where the time went, for chrome://tracing or Perfetto; FILE.gz is compressed",
         metavar="FILE", commands=LOADERS),
    Flag("build_event_json_file", "path", "write the build event protocol, one JSON object a line", metavar="FILE",
         commands=BUILDERS),
    Flag("build_event_text_file", "path", "write the build event protocol as text", metavar="FILE", commands=BUILDERS),
    Flag("execution_log_json_file", "path", "write every action with its command, inputs, outputs and digests",
         metavar="FILE", commands=BUILDERS),
    Flag("explain", "path", "write which actions ran, and why", metavar="FILE", commands=BUILDERS),
    Flag("verbose_explanations", "bool", "with --explain: also what each of them was made of", False,
         commands=BUILDERS),
    Flag("subcommands", "choice", "show the command of each action that is run; pretty_print: an argument a line",
         "no", short="s", choices=("no", "yes", "pretty_print"), commands=BUILDERS),
    Flag("verbose_failures", "bool", "show the whole command of an action that failed", False, commands=BUILDERS),
    Flag(
        "progress_report_interval", "int", "seconds between progress lines where there is no terminal "
        "(0: 10, then slower)",
        0, metavar="SECONDS", commands=LOADERS,
    ),
    Flag("show_progress", "bool", "show progress at all", True, commands=LOADERS),
)  # fmt: skip
