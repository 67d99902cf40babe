"""The registry: every operation there is can be found, and only what is asked for is imported."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

import rulesengine.ops
from rulesengine.errors import ExecutionError
from rulesengine.model.operation import Operation, operation
from rulesengine.ops.registry import SHIPPED, Operations, operation_key, operations


def test_every_operation_of_the_package_is_listed() -> None:
    found = {}
    for module in pkgutil.iter_modules(rulesengine.ops.__path__):
        for name, value in vars(importlib.import_module(f"rulesengine.ops.{module.name}")).items():
            if isinstance(value, Operation) and value.function.__module__.endswith("." + module.name):
                found[value.name] = module.name
                assert name == value.name
    assert found == SHIPPED


def test_looking_up() -> None:
    key = operation_key("write")
    assert operations()[key].name == "write"
    assert operations()["write"].key == key
    assert key in operations() and "write@0" not in operations() and "frob@1" not in operations()
    assert sorted(operations()) == sorted(operation_key(name) for name in operations().names())
    with pytest.raises(ExecutionError, match="did you mean 'write'"):
        operation_key("wrote")


def test_asking_for_one_version_imports_nothing_slow() -> None:
    code = """
import sys
from rulesengine.ops.registry import SHIPPED, operation_key
for name in SHIPPED:
    operation_key(name)
slow = {"networkx", "zstandard", "deflate", "google.protobuf", "sqlite3", "urllib3", "diskcache", "pysequoia"}
print(sorted(slow & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


@operation("third_party", version="7")
def third_party(context: object) -> None:
    """An operation of somebody else."""


not_an_operation = 1


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Operations:
    points = [
        EntryPoint("third_party", f"{__name__}:third_party", "rulesengine.ops"),
        EntryPoint("broken", f"{__name__}:not_an_operation", "rulesengine.ops"),
        EntryPoint("gone", "no_such_module:gone", "rulesengine.ops"),
    ]
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    return Operations()


def test_third_parties(installed: Operations) -> None:
    assert installed["third_party@7"] is third_party
    assert "third_party" in installed.names()
    with pytest.raises(ExecutionError, match="is not an operation of that name"):
        installed.named("broken")
    with pytest.raises(ExecutionError, match="cannot be loaded: No module named 'no_such_module'"):
        installed["gone@1"]
