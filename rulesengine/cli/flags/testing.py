"""Flags of `pybuild test` and `pybuild run`."""

from __future__ import annotations

from rulesengine.cli.flags.flag import TEST, Flag

TESTING = (
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
    Flag("test_sharding_strategy", "string", "explicit: tests have the shards that shard_count says; disabled: none; "
         "forced=N: every test has N", "explicit", metavar="explicit|disabled|forced=N", commands=TEST),
    Flag("test_size_filters", "list", "only tests of these sizes; -SIZE: none of that", metavar="SIZE,…",
         commands=TEST),
    Flag("test_strategy", "choice", "exclusive: one test at a time", "standalone", choices=("standalone", "exclusive"),
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
    Flag("run_under", "string", "a command before the program, or before each test: strace -f, //tools:wrapper", "",
         metavar="COMMAND", commands=("test", "run")),
    Flag("script_path", "path", "write a script that starts the program, instead of starting it", metavar="FILE",
         commands=("run",)),
)  # fmt: skip
