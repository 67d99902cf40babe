from __future__ import annotations

import pytest

from rulesengine.errors import UsageError
from rulesengine.model.platform import Configuration, Platform


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/arm64/v9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/aarch64", "linux/arm64/v8"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/ppc64el", "linux/ppc64le"),
        ("Linux/AMD64", "linux/amd64"),
    ],
)
def test_parse(text: str, expected: str) -> None:
    assert str(Platform.parse(text)) == expected


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/amd64/v1/x", "linux/amd46", "linux//v8"])
def test_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Platform.parse(text)
    assert caught.value.hint


def test_near_architectures_are_named() -> None:
    with pytest.raises(UsageError, match="did you mean 'amd64'"):
        Platform.parse("linux/amd46")


def test_a_configuration_has_a_directory_of_its_own() -> None:
    amd64 = Platform("linux", "amd64")
    plain = Configuration(amd64)
    labelled = Configuration(amd64, "//p:x")
    flagged = Configuration(amd64, settings=(("//f:x", "1"),))
    other = Configuration(amd64, settings=(("//f:x", "2"),))
    assert plain.mnemonic == "linux-amd64"
    assert len({one.mnemonic for one in (plain, labelled, flagged, other)}) == 4
    assert flagged.setting("//f:x") == 1
    assert plain.setting("//f:x") is None
