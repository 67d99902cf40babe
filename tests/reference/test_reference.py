"""`pybuild docs`: what a file offers, read from its own documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rulesengine.errors import RulesEngineError
from rulesengine.reference.markdown import markdown
from rulesengine.reference.stardoc import module_info
from rulesengine.workspace import Workspace

_IMPLEMENTATION = '''"""Not seen: it is loaded by defs.bzl."""

def _impl(ctx):
    return []

counted = rule(
    implementation = _impl,
    doc = """Counts.

    In two paragraphs.
    """,
    attrs = {
        "deps": attr.label_list(doc = "What | is counted."),
        "mode": attr.string(default = "fast", values = ["fast", "slow"], doc = "How."),
        "_tool": attr.label(),
    },
)

def helper(name, *args, size = 3, **kwargs):
    """Declares two targets.

    A longer text.

    Args:
      name: of both
      *args: ignored,
        as this says
      size: a number
      **kwargs: what else
    Returns:
      Nothing at all.
    Deprecated:
      Write two targets.
    """
    counted(name = name)
'''
_DEFS = '''"""Counting.

Load what you need.
"""

load(":impl.bzl", _counted = "counted", _helper = "helper")

CountInfo = provider(
    doc = "A " + "count.",
    fields = {
        "count": "int: so many",
        "unit": "",
    },
)
_Private = provider(doc = "Not seen.", fields = [])

def _aspect_impl(target, ctx):
    return []

counting = aspect(
    implementation = _aspect_impl,
    doc = "Counts along deps.",
    attr_aspects = ["deps"],
)

count = _counted
count_all = _helper
SIZE = 3
'''


@pytest.fixture
def made(tmp_path: Path) -> Workspace:
    for name, text in {"MODULE.bazel": "", "BUILD": "", "impl.bzl": _IMPLEMENTATION, "defs.bzl": _DEFS}.items():
        (tmp_path / name).write_text(text)
    return Workspace(tmp_path, cache=tmp_path / ".cache")


def test_a_page(made: Workspace) -> None:
    assert (
        markdown(made.docs("defs.bzl"))
        == """# //:defs.bzl

Counting.

Load what you need.

```starlark
load("//:defs.bzl", "CountInfo", "count", "count_all", "counting")
```

## Rules

### count

Counts.

In two paragraphs.

| attribute | kind | default | meaning |
|---|---|---|---|
| `name` | string | | Name of the target. |
| `deps` | label_list |  | What \\\\| is counted. |
| `mode` | string | `"fast"` | How. One of `fast`, `slow`. |

## Functions

### count_all

    count_all(name, *args, size=3, **kwargs)

Declares two targets.

A longer text.

**Deprecated**: Write two targets.

| argument | meaning |
|---|---|
| `name` | of both |
| `*args` | ignored, as this says |
| `size` | a number |
| `**kwargs` | what else |

Returns nothing at all.

## Aspects

### counting

Counts along deps.

Goes along `deps`.

## Providers

### CountInfo

A count.

| field | meaning |
|---|---|
| `count` | int: so many |
| `unit` |  |
""".replace("\\\\|", "\\|")
    )


def test_json_has_the_shape_of_stardoc(made: Workspace) -> None:
    [file] = made.docs("//:defs.bzl")
    info: dict[str, Any] = module_info(file)
    assert info["file"] == "//:defs.bzl"
    assert info["moduleDocstring"].startswith("Counting.")
    [rule] = info["ruleInfo"]
    assert rule["originKey"] == {"name": "count", "file": "//:impl.bzl"}
    assert [(one["name"], one["type"]) for one in rule["attribute"]] == [
        ("name", "NAME"), ("deps", "LABEL_LIST"), ("mode", "STRING"),
    ]  # fmt: skip
    [function] = info["funcInfo"]
    assert function["deprecated"] == {"docString": "Write two targets."}
    assert function["return"] == {"docString": "Nothing at all."}
    assert [(one["name"], one["mandatory"], one.get("role")) for one in function["parameter"]] == [
        ("name", True, None),
        ("args", False, "PARAM_ROLE_VARARGS"),
        ("size", False, None),
        ("kwargs", False, "PARAM_ROLE_KWARGS"),
    ]
    assert info["providerInfo"][0]["fieldInfo"][0] == {"name": "count", "docString": "int: so many"}
    assert info["aspectInfo"][0]["aspectAttribute"] == ["deps"]


def test_files_of_other_modules(made: Workspace) -> None:
    [file] = made.docs("@rulesengine//oci:defs.bzl")
    assert [one.name for one in file.of("rule")] == ["oci_image", "oci_image_index"]
    assert all(one.doc for one in file.entries)


def test_what_cannot_be_read(made: Workspace) -> None:
    with pytest.raises(RulesEngineError, match="no such file"):
        made.docs("none.bzl")
    with pytest.raises(RulesEngineError, match="no such file"):
        made.docs("@rulesengine//oci:none.bzl")
    (Path(made.root) / "bad.bzl").write_text("def\n")
    with pytest.raises(RulesEngineError, match="syntax error"):
        made.docs("bad.bzl")
