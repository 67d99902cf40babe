"""The table of commands and flags, in parts: `pybuild help` prints it, and the reference is generated from it."""

from __future__ import annotations

from rulesengine.cli.flags.building import BUILDING
from rulesengine.cli.flags.commands import COMMANDS, Command
from rulesengine.cli.flags.configuring import CONFIGURING
from rulesengine.cli.flags.explaining import EXPLAINING
from rulesengine.cli.flags.flag import ALL, Flag
from rulesengine.cli.flags.general import GENERAL
from rulesengine.cli.flags.querying import QUERYING
from rulesengine.cli.flags.showing import SHOWING
from rulesengine.cli.flags.startup import STARTUP
from rulesengine.cli.flags.testing import TESTING
from rulesengine.cli.flags.upkeep import UPKEEP

FLAGS: tuple[Flag, ...] = (*GENERAL, *CONFIGURING, *BUILDING, *SHOWING, *TESTING, *QUERYING, *EXPLAINING, *UPKEEP)

__all__ = ["ALL", "COMMANDS", "FLAGS", "STARTUP", "Command", "Flag", "command", "flags_anywhere", "flags_of"]


def command(name: str) -> Command | None:
    """The command of this name, or None."""
    return next((one for one in COMMANDS if one.name == name), None)


def flags_of(name: str) -> dict[str, Flag]:
    """The flags that a command takes, by name."""
    return {one.name: one for one in FLAGS if name in one.commands}


def flags_anywhere() -> dict[str, Flag]:
    """All flags of all commands, by name."""
    return {one.name: one for one in FLAGS}
