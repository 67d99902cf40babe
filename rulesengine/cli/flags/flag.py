"""Flag: one flag, as the command line, `pybuild help` and the reference know it; and which commands go together."""

from __future__ import annotations

from rulesengine.values import frozen

BUILDERS = ("build", "test", "run")
QUERIES = ("query", "cquery", "aquery")
EXPLAINERS = ("explain", "affected", "graph")
ANALYSERS = (*BUILDERS, "cquery", "aquery", "explain", "graph")
LOADERS = (*BUILDERS, *QUERIES, *EXPLAINERS, "lock", "lint", "docs")
TEST = ("test",)
UPKEEP = ("gc", "fsck", "cache", "dump")
ALL = (
    *BUILDERS,
    "init",
    "lock",
    *QUERIES,
    *EXPLAINERS,
    "lint",
    "docs",
    "info",
    "clean",
    *UPKEEP,
    "completion",
    "help",
    "version",
)


@frozen
class Flag:
    """One flag.

    kind: `bool` (also `--noNAME`), `string`, `int`, `choice`, `list` (repeated), `path`.
    short: a letter, or empty.  commands: which take it; empty for startup flags, which stand before the command.
    """

    name: str
    kind: str
    help: str
    default: object = None
    short: str = ""
    choices: tuple[str, ...] = ()
    metavar: str = ""
    commands: tuple[str, ...] = ()

    @property
    def optional(self) -> bool:
        """Whether the value may be left out: `-s` and `--subcommands` mean `--subcommands=yes`, as in Bazel."""
        return self.kind == "choice" and self.choices[:2] == ("no", "yes")

    @property
    def usage(self) -> str:
        """How it is written: `-j, --jobs=N`, `--[no]color`."""
        short = f"-{self.short}, " if self.short else ""
        if self.kind == "bool":
            return f"{short}--[no]{self.name}"
        value = "|".join(self.choices) if self.choices else self.metavar or self.kind.upper()
        if self.optional:
            return f"{short}--{self.name}[={value}]"
        return f"{short}--{self.name}={value}"
