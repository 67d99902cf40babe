"""Every command that the documentation shows is run, and prints what is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.conftest import Locked
from tests.docs.pages import Page, pages
from tests.docs.session import run, seed
from tests.oracles.tools import tool

_TOOLS = {
    "skopeo ": "skopeo",
    "umoci ": "umoci",
    "podman ": "podman",
    "go build": "go",
    "gcc ": "gcc",
    "openssl ": "openssl",
}
"""Words of a command -> the program that must be there."""

RUN = [page for page in pages() if page.steps]


def _case(page: Page) -> object:
    marks = [pytest.mark.live] if "pybuild init" in page.words else []
    marks += [pytest.mark.oracle] if any(tool in page.words for tool in _TOOLS) else []
    return pytest.param(page, id=page.name, marks=marks)


@pytest.mark.parametrize("page", [_case(page) for page in RUN])
def test_what_a_page_shows_is_what_happens(page: Page, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    home = tmp_path / "home"
    home.mkdir()
    if "pybuild init" in page.words:
        locked: Locked = request.getfixturevalue("locked")
        seed(home, locked.cache)
        if locked.rc:
            (home / ".pybuildrc").write_text(locked.rc)
    for words, program in _TOOLS.items():
        if words in page.words:
            tool(program)
    if "podman" in page.words:
        request.getfixturevalue("containers")
    faults = run(page, home)
    assert not faults, "\n\n" + "\n\n".join(faults)


def test_there_are_pages_to_run() -> None:
    names = {page.name for page in RUN}
    assert "README.md" in names
    assert len([name for name in names if name.startswith("docs/tutorial/")]) >= 5
