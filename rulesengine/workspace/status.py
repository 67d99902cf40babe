"""The workspace status: the facts of a build that ctx.info_file and ctx.version_file hold, for stamping."""

from __future__ import annotations

import os
import shlex
import subprocess
import time

from rulesengine.errors import ExecutionError, RulesEngineError
from rulesengine.model.action import OP_EXECUTABLE, Action, ActionGraph, PathArgument
from rulesengine.model.artifact import STABLE_STATUS, VOLATILE_STATUS, Artifact
from rulesengine.model.depset import Depset
from rulesengine.values import frozen

_STABLE = ("BUILD_EMBED_LABEL", "BUILD_HOST", "BUILD_USER")


@frozen
class Status:
    """What is said of a build.

    command: prints `KEY VALUE` lines; keys that begin with STABLE_ (and three of the engine's own) are stable.
    embed_label: the value of BUILD_EMBED_LABEL.
    """

    command: str = ""
    embed_label: str = ""

    def files(self, root: str) -> tuple[str, str]:
        """The stable and the volatile text.  Raises ExecutionError where the command fails."""
        now = int(time.time())
        facts = {
            "BUILD_EMBED_LABEL": self.embed_label,
            "BUILD_HOST": os.uname().nodename,
            "BUILD_USER": _user(),
            "BUILD_TIMESTAMP": str(now),
            "FORMATTED_DATE": time.strftime("%Y %b %d %H %M %S %a", time.gmtime(now)),
        }
        for line in self._output(root).splitlines():
            key, space, value = line.partition(" ")
            if key and space:
                facts[key] = value
        stable = {key: value for key, value in facts.items() if key in _STABLE or key.startswith("STABLE_")}
        return _text(stable), _text({key: value for key, value in facts.items() if key not in stable})

    def add_to(self, graph: ActionGraph, root: str, write: str) -> None:
        """Add the actions that make both files.  write: the key of the operation.  Raises ExecutionError."""
        for path, content in zip((STABLE_STATUS, VOLATILE_STATUS), self.files(root), strict=True):
            file = Artifact(path)
            arguments = (OP_EXECUTABLE, write, "--executable", "false", "--content", content, "--out")
            graph.add(
                Action(
                    owner="",
                    mnemonic="WorkspaceStatus",
                    arguments=(*arguments, PathArgument(file)),
                    inputs=Depset(),
                    outputs=(file,),
                    cacheable=path != VOLATILE_STATUS,
                )
            )

    def _output(self, root: str) -> str:
        if not self.command:
            return ""
        try:
            words = shlex.split(self.command)
            done = subprocess.run(words, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except (OSError, ValueError) as fault:
            raise _failed(self.command, getattr(fault, "strerror", None) or str(fault)) from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise _failed(self.command, f"exit code {done.returncode}" + (f"\n{said}" if said else ""))
        return done.stdout.decode(errors="replace")


def _user() -> str:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):  # as getpass has it, whose import costs a small build more
        if os.environ.get(name):
            return os.environ[name]
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _text(facts: dict[str, str]) -> str:
    return "".join(f"{key} {facts[key]}\n" for key in sorted(facts))


def _failed(command: str, what: str) -> RulesEngineError:
    return ExecutionError(
        f"the workspace status command {command} failed: {what}",
        hint="it is started in the workspace's root; see --workspace_status_command",
    )
