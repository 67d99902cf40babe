"""The whole text of every error a BUILD author can meet: one file a case in errors/.

A case holds files (`== PATH`), what is asked for (`== analyze PATTERN`) and the expected text
(`== error`).  `UPDATE_GOLDEN=1` writes the text that comes out, for review.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.spaces import Space

CASES = sorted((Path(__file__).parent / "errors").glob("*.txt"))
INTERNALS = re.compile(
    r"<prelude>|<analysis>|<native>|<preamble>|__|py_|Traceback|constructor|\\.instantiate|starlark|`"
)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_error(case: Path, space: Space) -> None:
    text = case.read_text()
    sections = re.split(r"^== (.*)\n", text, flags=re.MULTILINE)[1:]
    expected, wanted = "", "//..."
    for name, content in zip(sections[::2], sections[1::2], strict=True):
        if name.startswith("analyze "):
            wanted = name.removeprefix("analyze ")
        elif name == "error":
            expected = content
        else:
            space.write(name, content)
    fault = space.error(*wanted.split())
    shown = str(fault) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        case.write_text(text.partition("== error\n")[0] + "== error\n" + shown)
        return
    assert shown == expected
    assert not INTERNALS.search(shown.replace("__pkg__", "").replace("__subpackages__", ""))
    assert fault.exit_code == 1
