"""Tracing: analyses targets again, noting every line, to say which line of which target's rule never ends.

python -m rulesengine.analysis.tracing PROCESS ROOT PLATFORM SETTINGS LABELS

See `rulesengine.loading.watch`.  SETTINGS: JSON of a configuration's; LABELS: in lines.  Where the targets are in
several configurations, or depend on flags that are no settings, the line may not be found: then it is not told.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress

from rulesengine.analysis.analyzer import Analyzer
from rulesengine.analysis.platforms import platform_of
from rulesengine.errors import RulesEngineError
from rulesengine.loading.tracing import Notes


def main(process: int, root: str, platform: str, settings: str, labels: str) -> int:
    """Analyse targets, one after the other, until the line that does not end, which ends this process with 0; 1 when
    there is none."""
    notes = Notes()
    loader = notes.traced(process, root)
    given = tuple((name, value) for name, value in json.loads(settings))
    with suppress(RulesEngineError):
        configuration = platform_of(loader, platform, given)
        analyzer = Analyzer(loader)
        for text in labels.split("\n"):
            label = loader.label(text)
            with suppress(RulesEngineError):
                loader.target(label)
                notes.during(f": in the implementation of {label}")
                analyzer.analyze([label], configuration)
    return 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:6]))
