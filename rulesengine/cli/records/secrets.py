"""Secrets: what must not be in files that outlive a command: passwords in addresses, values of telling variables."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "(hidden)"
_ADDRESS = re.compile(r"(?<=://)[^/@\s]+@")
_TELLING = re.compile(
    r"(?:^|[^a-z])(?:auth|authorization|bearer|cookie|credentials?|key|passphrase|passw(?:or)?d|pwd|secret|token)s?(?:$|[^a-z])",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"(--(?:test_env|action_env|host_action_env|repo_env|client_env|define)[= ])?([\w.-]+)=(.*)", re.DOTALL
)


def without_secrets(word: str) -> str:
    """A word of a command line (`--test_env=TOKEN=x` → `--test_env=TOKEN=(hidden)`), or any text with addresses."""
    word = _ADDRESS.sub(f"{HIDDEN}@", word)
    match = _ASSIGNED.fullmatch(word)
    if match is not None and telling(match[2]):
        return f"{match[1] or ''}{match[2]}={HIDDEN}"
    return word


def words_without_secrets(words: Iterable[str]) -> list[str]:
    """A command line."""
    return [without_secrets(word) for word in words]


def telling(name: str) -> bool:
    """Whether a variable of this name holds a secret, as names go: GITHUB_TOKEN, AWS_SECRET_ACCESS_KEY."""
    return _TELLING.search(name.replace("_", " ")) is not None


def variable(name: str, value: str) -> str:
    """The value of an environment variable as it may be written down."""
    return HIDDEN if telling(name) else _ADDRESS.sub(f"{HIDDEN}@", value)
