"""The rules by which shown output is compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import Command, File, Page, _steps, blocks
from tests.docs.session import matches, normal, run


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        (["a", "…"], ["a", "b", "c"], True),
        (["a", "…", "c"], ["a", "c"], True),
        (["a …"], ["a b"], True),
        (["a … c"], ["a b"], False),
        (["a.c"], ["abc"], False),
    ],
)
def test_dots_stand_for_anything_and_nothing_else_does(expected: list[str], printed: list[str], same: bool) -> None:
    assert matches(expected, printed) is same


def test_digests_times_sizes_and_the_home_directory_are_normalised() -> None:
    text = f"/tmp/x/a sha256:{'0' * 64} 831.1-831.2 KiB each · 121 actions: 8 run · 0.61 s"
    assert normal(text, Path("/tmp/x")) == "/home/you/a sha256:<digest> <size> each · 121 actions: 8 run · <time>"


def test_blocks_become_commands_and_files() -> None:
    text = (
        "```python file=a/b\nx\n```\n```console\n$ cat a/b\nx\n$ false # exit 1\n```\n```console not-run\n$ no\n```\n"
    )
    assert list(_steps(text)) == [
        File(1, "a/b", "x\n"),
        Command(5, "cat a/b", ("x",), 0),
        Command(7, "false # exit 1", (), 1),
    ]
    assert [info for _, info, _ in blocks(text)] == ["python file=a/b", "console", "console not-run"]


def test_a_page_that_lies_is_found_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    steps = _steps("```text file=d/f\nthree\n```\n```console\n$ cd d\n$ cat f\nfour\n$ false\n$ cat f\nthree\n```\n")
    faults = run(Page(Path(__file__).parents[2] / "docs/x.md", tuple(steps)), home)
    assert len(faults) == 2
    assert "four" in faults[0] and "three" in faults[0]
    assert "exit code 1, not 0" in faults[1]
