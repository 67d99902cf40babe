"""The commands: their names, one line on each, how they are written."""

from __future__ import annotations

from rulesengine.values import frozen


@frozen
class Command:
    """One command: its name, one line of help, how it is written, and a longer text."""

    name: str
    summary: str
    usage: str
    text: str = ""
    targets: bool = False


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
        "--output=files prints where the outputs of the targets are; --output=starlark what --starlark:expr, an\n"
        "expression over `target`, or the function format(target) of --starlark:file makes of each: these may call\n"
        "providers(target) and build_options(target).", True,
    ),
    Command(
        "aquery", "ask about the actions that make targets", "pybuild aquery [FLAGS] EXPRESSION",
        "Prints the actions of what EXPRESSION stands for (deps(//x) for all that lead to //x), and only those that\n"
        "mnemonic(REGEXP, …), inputs(REGEXP, …) and outputs(REGEXP, …), which stand outermost, let pass.", True,
    ),
    Command(
        "explain", "tell why actions ran, or why a digest changed",
        "pybuild explain [FLAGS] TARGET… | pybuild explain --digest OLD NEW [TARGET]",
        "Reads what the builds of this workspace left in its history. OLD and NEW are digests of images, indexes,\n"
        "manifests, layers or other outputs that were built here (sha256:…, or their beginnings), or directories with\n"
        "an OCI layout. The end names the causes: a source file, a lock file's entry, an attribute, a flag …", True,
    ),
    Command(
        "affected", "list the targets whose result can differ since a git revision",
        "pybuild affected --since=REVISION [FLAGS]",
        "Compares the working tree, with what is not committed, with REVISION: sources, what BUILD files declare,\n"
        ".bzl files with all that load them, lock files, globs; and goes from there to all that depends on it.",
    ),
    Command(
        "graph", "draw targets and what they depend on", "pybuild graph [FLAGS] TARGET…",
        "Dependents stand on the left, what they depend on to the right of them. --output=html gives one file to look\n"
        "at in a browser, without anything from elsewhere.", True,
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
    Command(
        "completion", "print a script that completes commands, flags and targets", "pybuild completion bash|zsh|fish",
        "For bash, in ~/.bashrc: source <(pybuild completion bash). For zsh, in ~/.zshrc after compinit:\n"
        "source <(pybuild completion zsh). For fish: pybuild completion fish > ~/.config/fish/completions/pybuild.fish",
    ),
    Command("help", "show help for commands, flags and topics", "pybuild help [COMMAND|TOPIC|--FLAG]"),
    Command("version", "show the version", "pybuild version"),
)  # fmt: skip
