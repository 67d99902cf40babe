"""`python -m rulesengine`: the command `pybuild`."""

from __future__ import annotations

import sys

from rulesengine.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
