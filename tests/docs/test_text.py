"""Links lead somewhere; nothing of the writer's machine is in the text; the reference is up to date."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rulesengine.cli.exit_codes import EXIT_CODES
from tests.docs.pages import ROOT, Page, pages

PAGES = pages()
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_PUBLIC = {
    "snapshot.debian.org", "www.debian.org", "www.apache.org", "github.com", "reproducible-builds.org", "bazel.build",
    "specifications.freedesktop.org", "www.gnu.org", "www.freedesktop.org",
}  # fmt: skip
_RESERVED = (".example", ".test", "example.com", "example.org", "company.example")
_MACHINE = re.compile(r"(?<![\w./])/(?:work/|root/|tmp/)\w")


def _anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    out = set()
    for line in text.splitlines():
        if line.startswith("#"):
            words = re.sub(r"[`*]", "", line.lstrip("#").strip().lower())
            out.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Page) -> None:
    bad = []
    prose = re.sub(r"^```.*?^```$", "", page.path.read_text(), flags=re.M | re.S)
    for link in _LINK.findall(prose):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        if not target.exists() or (anchor and anchor not in _anchors(target.read_text())):
            bad.append(link)
    assert not bad, f"{page.name}: {bad}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_of_the_writers_machine_is_in_the_text(page: Page) -> None:
    text = page.path.read_text()
    hosts = set(re.findall(r"https?://(?:[^@/\s]+@)?([\w.-]+)", text))
    foreign = {host for host in hosts if host not in _PUBLIC and not host.endswith(_RESERVED) and host != "127.0.0.1"}
    assert not foreign
    assert not _MACHINE.findall(text)


def test_every_page_is_reached_from_the_map() -> None:
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in _LINK.findall(page.read_text()):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.exists():
                todo.append(target)
    assert not {page.name for page in PAGES if page.path not in seen}


def test_decisions_are_of_a_length_that_people_read() -> None:
    for page in PAGES:
        if page.name.startswith("docs/design/") and page.path.name != "README.md":
            assert 100 <= len(page.path.read_text().split()) <= 600, page.name


def test_the_table_of_exit_codes_is_whole() -> None:
    text = (ROOT / "docs/reference/environment.md").read_text()
    shown = {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.M)}
    assert shown == {one.code for one in EXIT_CODES if not one.meaning.startswith("not given")}


def test_the_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/reference", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
