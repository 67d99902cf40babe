"""The names of a package's targets, for shell completion: remembered as long as the files that say so are the same."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from rulesengine import __version__
from rulesengine.errors import RulesEngineError
from rulesengine.workspace import noop

if TYPE_CHECKING:
    from rulesengine.workspace.workspace import Workspace

TEST, PROGRAM, RULE, FILE = "test", "program", "rule", "file"


def target_names(workspace: Workspace, package: str) -> list[tuple[str, str, str]]:
    """(name, TEST | PROGRAM | RULE | FILE, kind) of each target of a package; empty where it does not load.

    Evaluates this one package only, and not even that where it did so before.
    """
    directory = os.path.join(workspace.output_base, "names")
    key = f"{__version__}\0{workspace.root}\0{package}"
    with suppress(OSError):
        known = noop.load(directory, key)
        if isinstance(known, tuple):
            return _decode(known[1])
    started = time.time_ns()
    from rulesengine.workspace.cancel import CancelToken

    try:
        loader = workspace._loader(lambda _: None, CancelToken())
        found = loader.package("", package)
    except RulesEngineError:
        return []
    names = []
    for name, target in found.targets.items():
        rule = target.rule
        if rule is None:
            kind = FILE
        elif rule.test or rule.name == "test_suite":
            kind = TEST
        else:
            kind = PROGRAM if rule.executable else RULE
        names.append((name, kind, rule.name if rule is not None else target.kind))
    read = {path for path, kind in loader.tracked.items() if kind != "absent"}
    absent = {path for path, kind in loader.tracked.items() if kind == "absent"}
    printed = "\n".join("\t".join(one) for one in names)
    with suppress(OSError, ValueError):
        noop.save(
            directory, key, started_ns=started, read=read, absent=absent, made=(), links=(), shown="", printed=printed
        )
    loader.save()
    return names


def _decode(text: str) -> list[tuple[str, str, str]]:
    out = []
    for line in text.split("\n"):
        name, _, rest = line.partition("\t")
        kind, _, rule = rest.partition("\t")
        if name:
            out.append((name, kind, rule))
    return out
