"""pybuild for which another key than Debian's signs archives: with_keyring.py KEY [ARGUMENTS OF PYBUILD]."""

from __future__ import annotations

import sys
from pathlib import Path

from rulesengine.cli import entry
from rulesengine.workspace import locking

if __name__ == "__main__":
    key = Path(sys.argv[1]).read_bytes()
    locking.debian_keyring = lambda: key  # type: ignore[attr-defined]
    sys.exit(entry.main(sys.argv[2:]))
