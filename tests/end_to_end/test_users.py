"""`passwd` and `group`: entries as lines of the file and as dicts make the same bytes."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from rulesengine.errors import RulesEngineError
from rulesengine.workspace import Workspace

_BUILD = """\
load("@rulesengine//files:defs.bzl", "group", "passwd")

passwd(
    name = "lines",
    entries = [
        "root:x:0:0:root:/root:/bin/sh",
        "web:*:80:81::/srv:",
    ],
)

passwd(
    name = "dicts",
    entries = [
        {"username": "root", "uid": 0, "gecos": "root", "home": "/root", "shell": "/bin/sh"},
        {"username": "web", "password": "*", "uid": 80, "gid": 81, "home": "/srv", "shell": ""},
    ],
)

group(
    name = "group_lines",
    entries = ["root:x:0:", "web:x:80:root,web"],
)

group(
    name = "group_dicts",
    entries = [{"name": "root", "gid": 0}, {"name": "web", "gid": 80, "users": ["root", "web"]}],
)
"""


def _workspace(root: Path, text: str) -> Workspace:
    (root / "MODULE.bazel").touch()
    (root / "BUILD").write_text(text)
    return Workspace(root, cache=root / ".cache", offline=True)


def test_lines_and_dicts_make_the_same_file(tmp_path: Path) -> None:
    workspace = _workspace(tmp_path, _BUILD)
    built = {target.label: target for target in workspace.build("//...").targets}
    digests = {name: [one.digest for one in target.outputs] for name, target in built.items()}
    assert digests["//:lines"] == digests["//:dicts"]
    assert digests["//:group_lines"] == digests["//:group_dicts"]
    with tarfile.open(built["//:lines"].outputs[0].path) as archive:
        stream = archive.extractfile("./etc/passwd")
        assert stream is not None
        assert stream.read() == b"root:x:0:0:root:/root:/bin/sh\nweb:*:80:81::/srv:\n"


@pytest.mark.parametrize(
    ("line", "says"),
    [("root:x:0:0:root:/root", "has 6 fields, not 7"), ("root:x:zero:0:root:/root:", 'uid is a number, not "zero"')],
)
def test_a_line_that_is_none(line: str, says: str, tmp_path: Path) -> None:
    text = f'load("@rulesengine//files:defs.bzl", "passwd")\n\npasswd(\n    name = "x",\n    entries = ["{line}"],\n)\n'
    with pytest.raises(RulesEngineError) as caught:
        _workspace(tmp_path, text).build("//:x")
    assert says in str(caught.value)
