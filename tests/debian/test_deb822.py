"""deb822: what is read and what is refused; against dpkg's own reader."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.debian.deb822 import parse_stanza, parse_stanzas
from rulesengine.errors import DebianError


def test_fields_keep_their_order_lines_and_case() -> None:
    stanza = parse_stanza("Package: hello\nDescription: a\n b\n .\n  c\nversion:1\nEmpty:\n")
    assert list(stanza) == ["Package", "Description", "version", "Empty"]
    assert stanza["VERSION"] == "1"
    assert stanza["description"] == "a\nb\n.\n c"
    assert stanza["Empty"] == ""
    assert "package" in stanza
    assert "Source" not in stanza
    assert stanza.get("Source") == ""


def test_stanzas_know_their_line() -> None:
    stanzas = list(parse_stanzas("\n\nA: 1\nB: 2\n\n \nA: 3\n"))
    assert [stanza.line for stanza in stanzas] == [3, 7]
    assert [stanza["A"] for stanza in stanzas] == ["1", "3"]


def test_comments_are_read_only_where_they_may_stand() -> None:
    text = "# head\nA: 1\n# between\n b\n\n# tail\n"
    (stanza,) = parse_stanzas(text, comments=True)
    assert stanza["A"] == "1\nb"
    with pytest.raises(DebianError, match=r"x:1:1: not a field"):
        list(parse_stanzas(text, source="x"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A: 1\nA: 2\n", "control:2:1: field A is given twice"),
        ("A: 1\na: 2\n", "control:2:1: field a is given twice"),
        (" x\n", "control:1:1: a continuation line without a field"),
        ("A: 1\n\n x\n", "control:3:1: a continuation line without a field"),
        ("A 1\n", "control:1:1: not a field"),
        ("-A: 1\n", "control:1:1: not a field"),
        (": 1\n", "control:1:1: not a field"),
        (b"A: 1\nB: \xff\n", "control:2: not UTF-8"),
        ("", "control:1: no stanza"),
        ("A: 1\n\nB: 2\n", "control:3: more than one stanza"),
    ],
)
def test_refused(text: str | bytes, message: str) -> None:
    with pytest.raises(DebianError) as caught:
        parse_stanza(text, source="control")
    assert str(caught.value).startswith(message)


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True)
LINES = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\x7f\x85\xa0"), min_size=1)


@given(st.dictionaries(NAMES.map(str.lower), st.lists(LINES, min_size=1, max_size=4), min_size=1, max_size=6))
def test_what_is_written_is_read(fields: dict[str, list[str]]) -> None:
    text = "".join(f"{name}: " + "\n ".join(lines) + "\n" for name, lines in fields.items())
    assert dict(parse_stanza(text)) == {name: "\n".join(lines) for name, lines in fields.items()}


@pytest.mark.oracle
def test_equals_dpkg_on_this_machines_own_status_file() -> None:
    """dpkg's reader (Dpkg::Control of libdpkg-perl) sees the same fields."""
    with open("/var/lib/dpkg/status", "rb") as stream:
        data = stream.read()
    script = """
    use Dpkg::Index; use Dpkg::Control;
    my $i = Dpkg::Index->new(type => CTRL_FILE_STATUS); $i->load("/var/lib/dpkg/status");
    for my $c ($i->get()) { printf "%s\\t%s\\t%d\\n", $c->{Package}, $c->{Version}, length($c->{Description} // ""); }
    """
    done = subprocess.run(["perl", "-e", script], capture_output=True, text=True, check=True)
    theirs = {tuple(line.split("\t")) for line in done.stdout.splitlines()}
    ours = {
        # dpkg turns the lone dot of an empty paragraph line into an empty line.
        (one["Package"], one.get("Version"), str(len(re.sub(r"(?m)^\.$", "", one.get("Description")).encode())))
        for one in parse_stanzas(data)
    }
    assert len(ours) > 50
    assert ours == theirs
