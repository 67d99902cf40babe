"""Version order against dpkg itself."""

from __future__ import annotations

import random
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulesengine.debian.version import Version, compare
from rulesengine.errors import VersionError

ALPHABET = "0019aAzZ.+~-:"
_SIGN = {"-1": -1, "0": 0, "1": 1}

# Answers all pairs in one process with dpkg's own comparison (Dpkg::Version of libdpkg-perl).
BATCH = """
use Dpkg::Version;
while (<STDIN>) { chomp; my ($a, $b) = split /\\t/; print version_compare($a, $b), "\\n"; }
"""


def by_perl(pairs: list[tuple[str, str]]) -> list[int]:
    text = "".join(f"{a}\t{b}\n" for a, b in pairs)
    done = subprocess.run(["perl", "-e", BATCH], input=text, capture_output=True, text=True, check=True)
    return [_SIGN[line] for line in done.stdout.split()]


def by_dpkg(pairs: list[tuple[str, str]], folder: Path) -> list[int]:
    """`dpkg --compare-versions` for each pair: `lt`, then `eq` where that is false."""
    (folder / "pairs").write_text("".join(f"{a} {b}\n" for a, b in pairs))
    loop = (
        "while read -r a b; do if dpkg --compare-versions $a lt $b; then echo -1; "
        "elif dpkg --compare-versions $a eq $b; then echo 0; else echo 1; fi; done"
    )
    with open(folder / "pairs") as stream:
        done = subprocess.run(["sh", "-c", loop], stdin=stream, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [_SIGN[line] for line in done.stdout.split()]


def generated(count: int, seed: int) -> list[tuple[str, str]]:
    chance = random.Random(seed)

    def one() -> str:
        out = chance.choice("0129") + "".join(chance.choice("0019aAzZ.+~") for _ in range(chance.randrange(7)))
        if chance.random() < 0.3:
            out = f"{chance.randrange(3)}:{out}"
        if chance.random() < 0.5:
            out += "-" + "".join(chance.choice("0019aAz.+~") for _ in range(chance.randrange(1, 5)))
        return out

    def near(text: str) -> str:
        """The same version with one character changed, so that the difference is late."""
        at = chance.randrange(len(text))
        return text[:at] + chance.choice("019a~+.") + text[at + 1 :]

    pairs: list[tuple[str, str]] = []
    while len(pairs) < count:
        left = one()
        right = near(left) if chance.random() < 0.6 else one()
        if re.fullmatch(r"(\d+:)?\d[^:]*", right) and not right.endswith("-"):
            pairs.append((left, right))
    return pairs


@pytest.mark.oracle
def test_order_equals_dpkg_on_generated_pairs(tmp_path: Path) -> None:
    pairs = generated(30_000, 1)
    ours = [compare(a, b) for a, b in pairs]
    assert ours == by_perl(pairs)
    assert min(ours.count(-1), ours.count(0), ours.count(1)) > 500
    assert ours[:3000] == by_dpkg(pairs[:3000], tmp_path)


@pytest.mark.live
@pytest.mark.oracle
def test_order_equals_dpkg_on_the_versions_of_the_archive(live_files: dict[str, Path], tmp_path: Path) -> None:
    text = "".join(path.read_text() for path in live_files.values())
    versions = sorted(set(re.findall(r"^Version: (\S+)$", text, re.M)))
    constraints = set(re.findall(r"\((?:<<|<=|=|>=|>>) (\S+?)\)", text))
    assert len(versions) > 20_000
    chance = random.Random(2)
    pool = sorted({*versions, *constraints})
    pairs = list(pairwise(pool))
    pairs += [(chance.choice(pool), chance.choice(pool)) for _ in range(10_000)]
    ours = [compare(a, b) for a, b in pairs]
    assert ours == by_perl(pairs)
    sample = chance.sample(range(len(pairs)), 2000)
    assert [ours[at] for at in sample] == by_dpkg([pairs[at] for at in sample], tmp_path)
    # Sorting needs a total order: as a list, ours is dpkg's.
    some = chance.sample(pool, 2000)
    ordered = [str(one) for one in sorted(map(Version, some))]
    assert set(by_perl(list(pairwise(ordered)))) <= {-1, 0}


@given(st.text(alphabet=ALPHABET, min_size=1, max_size=8), st.text(alphabet=ALPHABET, min_size=1, max_size=8))
@settings(max_examples=300)
def test_order_is_total_and_agrees_with_the_hash(left: str, right: str) -> None:
    try:
        a, b = Version(left), Version(right)
    except VersionError:
        return
    assert (a < b) + (a == b) + (a > b) == 1
    assert (a == b) <= (hash(a) == hash(b))
    assert a == Version(str(a))


@pytest.mark.oracle
def test_validity_equals_dpkg() -> None:
    chance = random.Random(3)
    texts = ["1", "1-", "-1", "", ":1", "a:1", "1:", "1:1:1", "1:1-1-1", "1_1", "1 1", "0:0-0~", "99999999999:1", "1é"]
    texts += ["".join(chance.choice("01a.+~-:_") for _ in range(chance.randrange(1, 6))) for _ in range(400)]
    for text in texts:
        # dpkg warns of an upstream part without a leading digit, and refuses it where a package is built.
        done = subprocess.run(["dpkg", "--validate-version", text], capture_output=True, text=True, check=False)
        valid = done.returncode == 0 and "warning" not in done.stderr
        try:
            Version(text)
        except VersionError as error:
            assert not valid, (text, str(error))
            assert repr(text) in str(error)
        else:
            assert valid, (text, done.stderr)


def test_parts() -> None:
    version = Version("2:1.2-rc:1-3~deb13u1")
    assert (version.epoch, version.upstream, version.revision) == (2, "1.2-rc:1", "3~deb13u1")
    assert Version("1.0") == Version("1.0-0") == Version("0:1.00")
    assert len({Version("1.0"), Version("1.0-0")}) == 1
