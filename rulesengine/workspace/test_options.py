"""TestOptions: which tests are run, and how."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable

from rulesengine.errors import UsageError
from rulesengine.model.target import Target
from rulesengine.values import field, frozen

SIZES = {"small": "short", "medium": "moderate", "large": "long", "enormous": "eternal"}
"""A test's size -> the timeout class it has when it names none."""

TIMEOUTS = {"short": 60, "moderate": 300, "long": 900, "eternal": 3600}
"""Timeout class -> seconds, as Bazel has them."""


_NUMBER = re.compile("[0-9]{1,9}")
MOST_SHARDS = 50
"""Of one test, as in Bazel."""


@frozen
class PerTest:
    """A number for all tests, or for those whose label a regular expression finds: `3`, `//slow.*,-//slow:x@3`."""

    number: int
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @staticmethod
    def parse(text: str, flag: str) -> PerTest:
        """Raises UsageError."""
        patterns, at, number = text.rpartition("@")
        if not _NUMBER.fullmatch(number) or int(number) < 1 or (at and not patterns):
            raise UsageError(f"{flag}={text}: it is a number from 1, or REGEX@NUMBER")
        one = [pattern for pattern in patterns.split(",") if pattern]
        for pattern in one:
            try:
                re.compile(pattern.removeprefix("-"))
            except re.error as fault:
                raise UsageError(f"{flag}={text}: {pattern!r} is no regular expression: {fault}") from None
        return PerTest(
            int(number),
            tuple(pattern for pattern in one if not pattern.startswith("-")),
            tuple(pattern[1:] for pattern in one if pattern.startswith("-")),
        )

    def matches(self, label: str) -> bool:
        """Whether it is about this test."""
        if any(re.search(pattern, label) for pattern in self.unwanted):
            return False
        return not self.wanted or any(re.search(pattern, label) for pattern in self.wanted)


def number_for(label: str, given: Iterable[PerTest], default: int) -> int:
    """The last one that matches counts."""
    for one in reversed(list(given)):
        if one.matches(label):
            return one.number
    return default


@frozen
class TestOptions:
    """Which tests are run, and how; the names are those of the flags.

    filter: which cases inside of each test, in its framework's own words.  arguments: added to each test's own.
    environment: `NAME=VALUE`, or `NAME` for the caller's value.
    tag_filters, size_filters, timeout_filters, lang_filters: what is wanted, with `-` what is not.
    timeouts: seconds for short, moderate, long and eternal tests.
    runs, attempts: see PerTest; without attempts a test that is `flaky` has three.
    cache: `auto`, `yes` or `no`: whether a test that passed before is not run again.
    shards: how many of them every test has, 0 for none of them, or None for what its shard_count says.
    build_only: build no target that is not tested.  keep_going: run further tests after one failed.
    run_under: a command and its first arguments that each test is started by; the command may be a label.
    one_at_a_time: no two tests run at the same time.
    stream: is given what tests write as it comes; they run one at a time then.
    caller: the environment from which variables are inherited.
    """

    __test__ = False

    filter: str = ""
    arguments: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    tag_filters: tuple[str, ...] = ()
    size_filters: tuple[str, ...] = ()
    timeout_filters: tuple[str, ...] = ()
    lang_filters: tuple[str, ...] = ()
    timeouts: tuple[int, int, int, int] = (60, 300, 900, 3600)
    runs: tuple[PerTest, ...] = ()
    attempts: tuple[PerTest, ...] = ()
    cache: str = "auto"
    shards: int | None = None
    build_only: bool = False
    keep_going: bool = True
    run_under: tuple[str, ...] = ()
    one_at_a_time: bool = False
    stream: Callable[[bytes], object] | None = None
    caller: dict[str, str] = field(factory=dict)

    def wants(self, target: Target) -> bool:
        """Whether the filters let a test through."""
        size = size_of(target)
        language = target.rule_name.removesuffix("_test")
        return (
            passes(set(target.tags), self.tag_filters)
            and passes({size}, self.size_filters)
            and passes({timeout_class(target)}, self.timeout_filters)
            and passes({language}, self.lang_filters)
        )

    def seconds(self, target: Target) -> int:
        """A test's time."""
        return dict(zip(TIMEOUTS, self.timeouts, strict=True))[timeout_class(target)]


def size_of(target: Target) -> str:
    """`small`, `medium`, `large` or `enormous`."""
    size = target.attributes.get("size")
    return size if isinstance(size, str) and size in SIZES else "medium"


def timeout_class(target: Target) -> str:
    """`short`, `moderate`, `long` or `eternal`: as written, else by size."""
    timeout = target.attributes.get("timeout")
    return timeout if isinstance(timeout, str) and timeout in TIMEOUTS else SIZES[size_of(target)]


def parse_command(text: str) -> tuple[str, ...]:
    """`--run_under`: the words, as a shell splits them.  Raises UsageError."""
    try:
        return tuple(shlex.split(text))
    except ValueError as fault:
        raise UsageError(f"--run_under={text}: {fault}") from None


def names_target(word: str) -> bool:
    """Whether the command of `--run_under` is a label."""
    return word.startswith(("//", "@", ":"))


def parse_timeouts(text: str) -> tuple[int, int, int, int]:
    """`--test_timeout`: seconds for all classes, or four numbers; -1 leaves a class as it is.  Raises UsageError."""
    parts = text.split(",")
    try:
        numbers = [int(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 4) or any(number < -1 or number == 0 for number in numbers):
        raise UsageError(f"--test_timeout={text}: it is a number of seconds, or four of them with commas")
    if len(numbers) == 1:
        numbers *= 4
    short, moderate, long, eternal = (
        number if number > 0 else default for number, default in zip(numbers, TIMEOUTS.values(), strict=True)
    )
    return (short, moderate, long, eternal)


def parse_sharding(text: str) -> int | None:
    """`--test_sharding_strategy`: TestOptions.shards.  Raises UsageError."""
    if text in ("explicit", "disabled"):
        return None if text == "explicit" else 0
    name, _, number = text.partition("=")
    if name != "forced" or not _NUMBER.fullmatch(number) or not 0 <= int(number) <= MOST_SHARDS:
        raise UsageError(
            f"--test_sharding_strategy={text}: it is explicit, disabled or forced=N, with N from 0 to {MOST_SHARDS}"
        )
    return int(number)


def passes(have: set[str], filters: Iterable[str]) -> bool:
    """One of the plain words must be there (if there are any), none of those with a `-`."""
    unwanted = {word[1:] for word in filters if word.startswith("-")}
    wanted = {word.removeprefix("+") for word in filters if not word.startswith("-")}
    return not have & unwanted and (not wanted or bool(have & wanted))
