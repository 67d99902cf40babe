"""The table of commands and flags: it parses them, `pybuild help` prints it, the reference is generated from it."""

from __future__ import annotations

from attrs import frozen

BUILDERS = ("build", "test", "run")
QUERIES = ("query", "cquery", "aquery")
ANALYSERS = (*BUILDERS, "cquery", "aquery")
LOADERS = (*BUILDERS, *QUERIES, "lock", "lint", "docs")
TEST = ("test",)
UPKEEP = ("gc", "fsck", "cache", "dump")
ALL = (*BUILDERS, "init", "lock", *QUERIES, "lint", "docs", "info", "clean", *UPKEEP, "help", "version")


@frozen
class Flag:
    """One flag.

    kind: `bool` (also `--noNAME`), `string`, `int`, `choice`, `list` (repeated), `path`.
    short: a letter, or empty.  commands: which take it; empty for startup flags, which stand before the command.
    """

    name: str
    kind: str
    help: str
    default: object = None
    short: str = ""
    choices: tuple[str, ...] = ()
    metavar: str = ""
    commands: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """How it is written: `-j, --jobs=N`, `--[no]color`."""
        short = f"-{self.short}, " if self.short else ""
        if self.kind == "bool":
            return f"{short}--[no]{self.name}"
        value = "|".join(self.choices) if self.choices else self.metavar or self.kind.upper()
        return f"{short}--{self.name}={value}"


@frozen
class Command:
    """One command: its name, one line of help, how it is written, and a longer text."""

    name: str
    summary: str
    usage: str
    text: str = ""
    targets: bool = False


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

FLAGS = (
    Flag("config", "list", "take the lines COMMAND:NAME of the rc files in here", metavar="NAME", commands=ALL),
    Flag("announce_rc", "bool", "show which flags come from which rc file", False, commands=ALL),
    Flag(
        "color", "choice", "colour in diagnostics; auto: on terminals, unless NO_COLOR is set", "auto",
        choices=("yes", "no", "auto"), commands=ALL,
    ),
    Flag(
        "curses", "choice", "draw progress in place; auto: on terminals", "auto",
        choices=("yes", "no", "auto"), commands=LOADERS,
    ),
    Flag("block_for_lock", "bool", "wait when another pybuild builds this workspace; else exit "
    "with 9", True, commands=ALL),
    Flag(
        "disk_cache", "path", "the cache, shared by workspaces (default: PYBUILD_CACHE, else ~/.cache/pybuild)",
        metavar="DIR", commands=(*LOADERS, "info", "clean", "init", *UPKEEP),
    ),
    Flag("jobs", "string", "actions at a time; auto: as many as processors", "auto", short="j", metavar="N",
         commands=BUILDERS),
    Flag("keep_going", "bool", "after a failure, build what does not depend on it", False, short="k", commands=LOADERS),
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
    Flag("define", "list", "a value that config_setting(define_values = …) and $(NAME) read", metavar="NAME=VALUE",
         commands=ANALYSERS),
    Flag(
        "compilation_mode", "choice", "what config_setting(values = {\"compilation_mode\": …}) reads", "fastbuild",
        short="c", choices=("fastbuild", "dbg", "opt"), commands=ANALYSERS,
    ),
    Flag(
        "setting", "list", "a build setting, in Bazel's words: --//package:name=value, --no//package:name",
        metavar="LABEL=VALUE", commands=ANALYSERS,
    ),
    Flag("aspects", "list", "apply these aspects to the targets, in this order; several with commas between them",
         metavar="LABEL%NAME", commands=BUILDERS),
    Flag("aspects_parameters", "list", "the values of attributes of --aspects", metavar="NAME=VALUE",
         commands=BUILDERS),
    Flag(
        "mirror", "list", "where package archives are, tried in order before "
        "PYBUILD_MIRROR and the machine's apt sources: "
        "[KIND=]URL, /DIRECTORY, system or snapshot", metavar="MIRROR", commands=(*BUILDERS, "lock", "init"),
    ),
    Flag("offline", "bool", "never reach for a server", False, commands=(*BUILDERS, "lock", "init")),
    Flag(
        "show_output", "choice", "what to print on standard output: digests (LABEL DIGEST), "
        "json, files (paths) or nothing",
        "none", choices=("none", "digests", "json", "files"),
        commands=(*BUILDERS, "lock", "init", "gc", "fsck", "cache"),
    ),
    Flag("show_result", "int", "show each target's outputs when there are at most so many targets", 10, metavar="N",
         commands=BUILDERS),
    Flag("output_groups", "list", "build these output groups instead of the default one; +NAME adds, -NAME takes away",
         metavar="NAME,…", commands=BUILDERS),
    Flag("run_validations", "bool", "make the output groups _validation too", True, commands=BUILDERS),
    Flag("stamp", "bool", "tell rules that may stamp to do so", False, commands=BUILDERS),
    Flag("embed_label", "string", "BUILD_EMBED_LABEL of ctx.info_file", "", metavar="TEXT", commands=BUILDERS),
    Flag("workspace_status_command", "string", "a command that prints KEY VALUE lines: STABLE_… for ctx.info_file, "
         "others for ctx.version_file", "", metavar="COMMAND", commands=BUILDERS),
    Flag("experimental_convenience_symlinks", "choice", "accepted as in Bazel; pybuild-bin is made", "normal",
         choices=("normal", "clean", "ignore", "log_only"), commands=BUILDERS),
    Flag("verbose_failures", "bool", "show the whole command of an action that failed", False, commands=BUILDERS),
    Flag("sandbox_debug", "bool", "keep the directories in which processes ran", False, commands=BUILDERS),
    Flag(
        "spawn_strategy", "choice", "sandboxed: processes without network, seeing their inputs only; local: without a "
        "sandbox; auto: sandboxed where this machine can", "auto", choices=("auto", "sandboxed", "local"),
        commands=BUILDERS,
    ),
    Flag(
        "progress_report_interval", "int", "seconds between progress lines where there is no terminal "
        "(0: 10, then slower)",
        0, metavar="SECONDS", commands=LOADERS,
    ),
    Flag("show_progress", "bool", "show progress at all", True, commands=LOADERS),
    Flag("build", "bool", "execute; --nobuild stops after analysis", True, commands=("build",)),
    Flag("build_tests_only", "bool", "build no target that is not tested", False, commands=TEST),
    Flag(
        "cache_test_results", "choice", "whether a test that passed is not run again while nothing changed; auto: "
        "but for tests tagged external, and with --runs_per_test", "auto", choices=("auto", "yes", "no"), commands=TEST,
    ),
    Flag("flaky_test_attempts", "list", "try a test that fails so often (default: once, three times when flaky = True)",
         metavar="N|REGEX@N", commands=TEST),
    Flag("runs_per_test", "list", "run each test so often", metavar="N|REGEX@N", commands=TEST),
    Flag("test_arg", "list", "an argument for each test, after its own", metavar="TEXT", commands=TEST),
    Flag("test_env", "list", "a variable for each test; NAME alone: this environment's value", metavar="NAME[=VALUE]",
         commands=TEST),
    Flag("test_filter", "string", "run these cases only; each test framework reads it its own way "
         "(TESTBRIDGE_TEST_ONLY)", "", metavar="TEXT", commands=TEST),
    Flag("test_keep_going", "bool", "run further tests after one failed", True, commands=TEST),
    Flag("test_lang_filters", "list", "only tests of these languages (sh for sh_test); -LANG: none of that",
         metavar="LANG,…", commands=TEST),
    Flag(
        "test_output", "choice", "what to show of tests' logs: nothing but their places, those of failed tests, "
        "all, or all as they come (one test at a time)", "summary", choices=("summary", "errors", "all", "streamed"),
        commands=TEST,
    ),
    Flag("test_size_filters", "list", "only tests of these sizes; -SIZE: none of that", metavar="SIZE,…",
         commands=TEST),
    Flag(
        "test_summary", "choice", "short: every test; terse: those that did not pass; detailed: with failed cases",
        "short", choices=("short", "terse", "detailed", "none"), commands=TEST,
    ),
    Flag("test_tag_filters", "list", "only tests with one of these tags; -TAG: none with that", metavar="TAG,…",
         commands=TEST),
    Flag("test_timeout", "string", "seconds for all tests, or for short, moderate, long and eternal ones "
         "(default: 60,300,900,3600)", "-1", metavar="SECONDS", commands=TEST),
    Flag("test_timeout_filters", "list", "only tests of these timeouts; -TIMEOUT: none of that", metavar="TIMEOUT,…",
         commands=TEST),
    Flag("run", "bool", "start the program; --norun only builds it", True, commands=("run",)),
    Flag("run_under", "string", "a command before the program: strace -f", "", metavar="COMMAND", commands=("run",)),
    Flag("script_path", "path", "write a script that starts the program, instead of starting it", metavar="FILE",
         commands=("run",)),
    Flag("check", "bool", "write nothing; exit with 1 and a list when a lock file is stale", False, commands=("lock",)),
    Flag(
        "allow_missing_indexes", "bool",
        "lock an architecture without a suite whose index no mirror has for it (the lock file notes it)", False,
        commands=("lock",),
    ),
    Flag("update", "bool", "resolve anew against the archive as it is today", False, commands=("lock",)),
    Flag("lock", "bool", "refresh the lock file from the archive", True, commands=("init",)),
    Flag(
        "output", "choice", "in which form to print the targets", "label",
        choices=("label", "label_kind", "location", "build", "graph", "package", "minrank", "maxrank", "json",
                 "jsonproto", "streamed_jsonproto", "xml"),
        commands=("query",),
    ),
    Flag(
        "output", "choice", "in which form to print the configured targets; files: their outputs", "label",
        choices=("label", "label_kind", "location", "build", "graph", "json", "jsonproto", "files"),
        commands=("cquery",),
    ),
    Flag(
        "output", "choice", "in which form to print the actions", "text",
        choices=("text", "summary", "commands", "json", "jsonproto"), commands=("aquery",),
    ),
    Flag("include_commandline", "bool", "show the command line of each action", True, commands=("aquery",)),
    Flag("include_artifacts", "bool", "show inputs and outputs of each action", True, commands=("aquery",)),
    Flag("include_param_files", "bool", "name the parameter files of each action", False, commands=("aquery",)),
    Flag("tool_deps", "bool", "follow dependencies on tools", True, commands=QUERIES),
    Flag("universe_scope", "string", "patterns, with commas between, among which allrdeps and rbuildfiles look "
         "(cquery, aquery: what is analysed)", metavar="PATTERNS", commands=QUERIES),
    Flag("order_output", "choice", "auto: by name; deps, full: dependents first; no: as found", "auto",
         choices=("auto", "deps", "full", "no"), commands=("query", "cquery")),
    Flag("strict_test_suite", "bool", "tests() refuses a test_suite that names something that is no test", False,
         commands=("query",)),
    Flag("output", "choice", "in which form to print", "text", choices=("text", "json"), commands=("lint",)),
    Flag("output", "choice", "Markdown, or JSON in the shape of Stardoc's ModuleInfo", "markdown",
         choices=("markdown", "json"), commands=("docs",)),
    Flag(
        "warnings", "list", "which findings to show: names, all, default; +NAME adds, -NAME takes away, with commas "
        "between (pybuild help warnings lists them)", metavar="NAME", commands=("lint",),
    ),
    Flag("implicit_deps", "bool", "follow dependencies that a rule adds by itself", True, commands=QUERIES),
    Flag("query_file", "path", "read the expression from a file", metavar="FILE", commands=QUERIES),
    Flag("expunge", "bool", "remove all that this workspace keeps in the cache directory", False, commands=("clean",)),
    Flag("max_size", "string", "drop what was used longest ago until no more than this is left (10G)", metavar="SIZE",
         commands=("gc",)),
    Flag("max_age", "string", "drop what was not used for this long (30d, 12h)", metavar="AGE", commands=("gc",)),
    Flag("grace", "string", "keep what is younger than this whatever its size (default: 1h)", metavar="AGE",
         commands=("gc",)),
    Flag("dry_run", "bool", "only say what would go", False, commands=("gc",)),
    Flag("repair", "bool", "take away what is damaged; it is made again when it is needed", False, commands=("fsck",)),
)  # fmt: skip

COMMANDS = (
    Command(
        "build", "build targets", "pybuild [build] [FLAGS] TARGET… [-- -TARGET…]",
        "Targets are labels and patterns as Bazel's: //base:static, "
        "//base:all, //base/..., //... . `pybuild LABEL` means\n"
        "`pybuild build LABEL`. Outputs are at pybuild-bin/PACKAGE/NAME, beside MODULE.bazel.", True,
    ),
    Command(
        "test", "build and run tests", "pybuild test [FLAGS] TARGET… [-- -TARGET…]",
        "Runs the tests among the targets; a test_suite stands for its tests. Logs are at\n"
        "pybuild-testlogs/PACKAGE/NAME, beside MODULE.bazel. Exits with 3 when a test failed, and with 4\n"
        "when there was none.", True,
    ),
    Command(
        "run", "build a program and run it", "pybuild run [FLAGS] TARGET [-- ARGUMENT…]",
        "The program takes this process's place. It starts in its runfiles; BUILD_WORKING_DIRECTORY says where you\n"
        "stand, BUILD_WORKSPACE_DIRECTORY where the workspace is.", True,
    ),
    Command(
        "init", "make a workspace that builds a distroless image", "pybuild init [FLAGS] [DIR]",
        "Writes MODULE.bazel, base/BUILD, debian/BUILD and its lock file. No file that exists is overwritten.",
    ),
    Command(
        "lock", "write the lock files of package archives", "pybuild lock [--check|--update] [TARGET…]",
        "Finds deb_archive declarations (default: all of the "
        "workspace), verifies the archive's signature and pins each\n"
        "package by SHA-256. Without --update, a lock that answers its declaration is left as it is.", True,
    ),
    Command(
        "query", "ask about targets and what they depend on", "pybuild query [FLAGS] EXPRESSION",
        "Functions: allpaths allrdeps attr buildfiles deps executables filter kind labels loadfiles rbuildfiles rdeps\n"
        "same_pkg_direct_rdeps siblings some somepath tests visible. Operators: + - ^ union except intersect. Also\n"
        "set(…) and let … = … in … .", True,
    ),
    Command(
        "cquery", "ask about targets as they are in a configuration", "pybuild cquery [FLAGS] EXPRESSION",
        "As query, after select(), transitions and toolchains; and config(EXPRESSION, target|exec|null|NAME).\n"
        "--output=files prints where the outputs of the targets are.", True,
    ),
    Command(
        "aquery", "ask about the actions that make targets", "pybuild aquery [FLAGS] EXPRESSION",
        "Prints the actions of what EXPRESSION stands for (deps(//x) for all that lead to //x), and only those that\n"
        "mnemonic(REGEXP, …), inputs(REGEXP, …) and outputs(REGEXP, …), which stand outermost, let pass.", True,
    ),
    Command(
        "lint", "find faults in BUILD, .bzl and MODULE.bazel files", "pybuild lint [FLAGS] [FILE|DIR|PATTERN…]",
        "Without arguments: all files of the workspace. A comment `# lint: disable=NAME` at a line, or "
        "above a statement, switches\na finding off there; buildifier's own comments work too. "
        "Exits with 3 when there are findings.",
    ),
    Command(
        "docs", "show the reference of .bzl files", "pybuild docs [FLAGS] [FILE|DIR|LABEL|PATTERN…]",
        "Rules, providers, functions, macros and aspects with what their doc strings say. A label may name a file of "
        "another\nmodule, such as @rulesengine//files:defs.bzl. Without arguments: all .bzl files of the workspace.",
    ),
    Command("info", "show facts about the workspace", "pybuild info [KEY…]"),
    Command(
        "clean", "remove this workspace's outputs", "pybuild clean [--expunge]",
        "The cache, which workspaces share, stays: the next build takes what it has made before from there.",
    ),
    Command(
        "gc", "take from the cache what was not used for long",
        "pybuild gc [--max_size=SIZE] [--max_age=AGE] [--dry_run]",
        "Works on the cache that workspaces share; builds may go on meanwhile. What the last build of each\n"
        "workspace used stays. Without a limit only files that nothing names go,\n"
        "and outputs of workspaces that are gone.",
    ),
    Command(
        "fsck", "read the whole cache and prove it right", "pybuild fsck [--repair]",
        "A build checks what it uses by itself; this checks all. Exit code 1: something is damaged and still there.",
    ),
    Command("cache", "show what the cache holds and how old it is", "pybuild cache stats"),
    Command(
        "dump", "print what is stored, one JSON value a line", "pybuild dump action_cache|outputs|uses [DIGEST…]",
        "action_cache: results by the digest of their action (or those whose digests begin as named); outputs: what\n"
        "lies in this workspace's output tree; uses: what the builds of all workspaces used.",
    ),
    Command("help", "show help for commands, flags and topics", "pybuild help [COMMAND|TOPIC|--FLAG]"),
    Command("version", "show the version", "pybuild version"),
)  # fmt: skip


def command(name: str) -> Command | None:
    """The command of this name, or None."""
    return next((one for one in COMMANDS if one.name == name), None)


def flags_of(name: str) -> dict[str, Flag]:
    """The flags that a command takes, by name."""
    return {one.name: one for one in FLAGS if name in one.commands}


def flags_anywhere() -> dict[str, Flag]:
    """All flags of all commands, by name."""
    return {one.name: one for one in FLAGS}
