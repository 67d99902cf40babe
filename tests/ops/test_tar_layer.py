"""Operations tar_layer and the mtree specifications it takes: against bsdtar's format, GNU tar and tarfile."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import tarfile
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.errors import ArchiveError, ExecutionError
from rulesengine.model.digest import Digest
from rulesengine.ops.mtree import parse_mtree
from rulesengine.ops.tar_layer import tar_layer
from tests.oracles.op_context import MemoryContext, Tree

Entries = list[tuple[dict[str, Any], str | None]]
FLAGS = ("--layer=l", "--metadata=m", "--entries=e")


def run(entries: Entries, inputs: Mapping[str, bytes | Tree] | None = None, *flags: str) -> MemoryContext:
    arguments = []
    for entry, source in entries:
        arguments += ["--entry", json.dumps(entry)]
        if source is not None:
            arguments += ["--source", source]
    context = MemoryContext([*arguments, *FLAGS, *flags], inputs or {})
    tar_layer.function(context)
    return context


def unpack(context: MemoryContext) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(context.outputs["l"])) as archive:
        infos = list(archive)
    assert len({info.name for info in infos}) == len(infos)
    return {info.name: info for info in infos}


def content(context: MemoryContext, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(context.outputs["l"])) as archive:
        stream = archive.extractfile(name)
        assert stream is not None
        return stream.read()


SKELETON: Entries = [
    ({"path": "etc/passwd", "content": "root:x:0:0:root:/root:/sbin/nologin\n"}, None),
    ({"path": "tmp", "type": "directory", "mode": 0o1777}, None),
    ({"path": "home/nonroot", "type": "directory", "mode": 0o700, "uid": 65532, "gid": 65532}, None),
    ({"path": "bin/app", "uid": 7}, "app/run.sh"),
    ({"path": "bin/other", "type": "hardlink", "link": "bin/app"}, None),
    ({"path": "etc/mtab", "type": "symlink", "link": "/proc/mounts"}, None),
    ({"path": "dev/null", "type": "char", "mode": 0o666, "major": 1, "minor": 3}, None),
    ({"path": "usr/share/app", "type": "tree", "gid": 5, "mtime": 9}, "data"),
]
INPUTS: dict[str, bytes | Tree] = {"app/run.sh": b"#!/bin/sh\n", "data": {"a/b.txt": b"b", "c.txt": b"cc"}}


def test_golden() -> None:
    """When this changes, raise the version of tar_layer."""
    context = run(SKELETON, INPUTS, "--compression", "none")
    assert Digest.of(context.outputs["l"]).hash == "425a544977cb98d4682ac9f2d2ba4c0816f54e77c463690653801b2b502b3c06"


def test_what_lies_where() -> None:
    context = run(SKELETON, INPUTS)
    found = unpack(context)
    assert list(found) == [
        "./bin", "./bin/app", "./dev", "./dev/null", "./etc", "./etc/mtab", "./etc/passwd", "./home",
        "./home/nonroot", "./tmp", "./usr", "./usr/share", "./usr/share/app", "./usr/share/app/a",
        "./usr/share/app/a/b.txt", "./usr/share/app/c.txt", "./bin/other",
    ]  # fmt: skip
    assert (found["./tmp"].mode, found["./home/nonroot"].uid, found["./home"].uid) == (0o1777, 65532, 0)
    assert (found["./bin/app"].mode, found["./bin/other"].mode, found["./bin/other"].uid) == (0o755, 0o755, 7)
    assert found["./bin/other"].linkname == "./bin/app"
    assert (found["./etc/passwd"].mode, found["./etc/mtab"].linkname) == (0o644, "/proc/mounts")
    assert (found["./usr/share/app/a/b.txt"].gid, found["./usr/share/app/a"].mtime) == (5, 9)
    assert content(context, "./usr/share/app/c.txt") == b"cc"
    document = json.loads(context.outputs["m"])
    assert document == {
        "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "digest": str(Digest.of(context.outputs["l"])),
        "size": len(context.outputs["l"]),
        "diffId": str(Digest.of(gzip.decompress(context.outputs["l"]))),
    }
    lines = [json.loads(line) for line in context.outputs["e"].splitlines()]
    assert ["./" + line["path"] for line in lines] == list(found)


@given(st.permutations(SKELETON))
def test_order_of_description_does_not_matter(entries: Entries) -> None:
    assert run(entries, INPUTS).outputs == run(SKELETON, INPUTS).outputs


def test_gnu_tar_unpacks_it(tmp_path: Any) -> None:
    layer = run([one for one in SKELETON if one[0].get("type") != "char"], INPUTS).outputs["l"]
    subprocess.run(["tar", "-xzf-", "-C", tmp_path, "--no-same-owner"], input=layer, check=True)
    assert (tmp_path / "bin/other").samefile(tmp_path / "bin/app")
    assert (tmp_path / "usr/share/app/a/b.txt").read_bytes() == b"b"


def test_equal_directories_may_repeat_and_nothing_else() -> None:
    directory: dict[str, Any] = {"path": "etc", "type": "directory"}
    assert list(unpack(run([(directory, None), (directory, None)]))) == ["./etc"]
    for other in ({**directory, "mode": 0o700}, {"path": "etc", "content": ""}):
        with pytest.raises(ExecutionError, match="described twice"):
            run([(directory, None), (other, None)])
    with pytest.raises(ExecutionError, match="described twice"):
        run([({"path": "a"}, None), ({"path": "./a"}, None)])


def test_parents_can_be_left_out() -> None:
    assert list(unpack(run([({"path": "a/b"}, None)], None, "--parents", "false"))) == ["./a/b"]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([({"path": "a"}, None), ({"path": "a/b"}, None)], "lies below a, which is a file"),
        ([({"path": "lib", "type": "symlink", "link": "usr/lib"}, None), ({"path": "lib/x"}, None)], "is a symlink"),
        ([({"path": "a", "type": "hardlink", "link": "b"}, None)], "no file of this layer"),
        ([({"path": "a", "type": "socket"}, None)], "unknown type"),
        ([({"path": "a", "content": "x"}, "app/run.sh")], "both content and a source"),
        ([({"path": "a", "type": "directory"}, "app/run.sh")], "has no content"),
        ([({"path": "a"}, "data")], "is a directory"),
        ([({"path": "a", "type": "tree"}, "app/run.sh")], "is a file"),
        ([({"path": "a", "type": "archive"}, None)], "no --source"),
        ([({"path": "../a"}, None)], "leads out"),
        ([({"path": "a", "mode": "0644"}, None)], "mode"),
        ([({"path": "a", "xattrs": {"user.x": "0xzz"}}, None)], "bad value"),
    ],
)
def test_descriptions_that_make_no_sense(entries: Entries, message: str) -> None:
    with pytest.raises((ExecutionError, ArchiveError), match=message):
        run(entries, INPUTS)


def test_a_source_needs_an_entry() -> None:
    with pytest.raises(ExecutionError, match="does not follow"):
        tar_layer.function(MemoryContext(["--source", "x", *FLAGS], {"x": b""}))


def archive(*names: str, form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", format=form) as made:
        for name in names:
            info = tarfile.TarInfo(name)
            if name.endswith("/"):
                info.type, info.mode = tarfile.DIRTYPE, 0o750
            elif "=" in name:
                info.name, _, info.linkname = name.partition("=")
                info.type = tarfile.LNKTYPE
            else:
                info.size = len(name)
            made.addfile(info, io.BytesIO(name.encode()))
    return out.getvalue()


def test_archives_keep_their_order_below_their_prefix() -> None:
    data = archive("z/", "z/file", "a", "b=a", "naïve")
    context = run([({"path": "opt", "type": "archive"}, "x.tar.gz"), ({"path": "etc/x"}, None)], {"x.tar.gz": data})
    found = unpack(context)
    assert list(found) == [
        "./etc", "./etc/x", "./opt", "./opt/z", "./opt/z/file", "./opt/a", "./opt/b", "./opt/naïve",
    ]  # fmt: skip
    assert (found["./opt/z"].mode, found["./opt/b"].linkname) == (0o750, "./opt/a")
    assert content(context, "./opt/z/file") == b"z/file"
    link: dict[str, Any] = {"path": "hard", "type": "hardlink", "link": "a"}
    assert list(unpack(run([(link, None), ({"path": "", "type": "archive"}, "x")], {"x": data})))[-1] == "./hard"


def test_a_directory_that_an_archive_names_late() -> None:
    data = archive("d/file", "d/")
    context = run([({"path": "", "type": "archive"}, "x")], {"x": data})
    with tarfile.open(fileobj=io.BytesIO(context.outputs["l"])) as made:
        assert [(info.name, info.mode) for info in made] == [("./d", 0o755), ("./d/file", 0o644), ("./d", 0o750)]


@pytest.mark.parametrize("names", [("a", "a"), ("etc/x",), ("b=gone",), ("../a",), ("etc/x/y",)])
def test_archives_that_clash(names: tuple[str, ...]) -> None:
    with pytest.raises((ExecutionError, ArchiveError)):
        run([({"path": "", "type": "archive"}, "x"), ({"path": "etc/x"}, None)], {"x": archive(*names)})


MTREE = rb"""#mtree
/set type=file uid=0 gid=0 mode=0644
./etc               type=dir mode=0755 time=5.000
./etc/motd          contents=pkg/motd uname=root size=6 \
                    sha256digest=5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
./with\040space     contents=motd.in mode=0600
./dev/null          type=char device=linux,1,3 mode=666
./lnk               type=link link=etc/motd mode=0777
home type=dir mode=0755
    me type=dir uid=1000 gid=1000
        profile type=file uid=1000 contents=motd.in
    ..
..
srv type=dir mode=0711 nlink=2 flags=none
./gone              optional contents=nowhere
"""
SOURCES: dict[str, bytes | Tree] = {"x.mtree": MTREE, "motd.in": b"in\n", "pybuild-out/any/bin/pkg/motd": b"hello\n"}
MTREE_ENTRIES: Entries = [
    ({"path": "", "type": "mtree"}, "x.mtree"),
    ({"path": "zz/one"}, "motd.in"),
    ({"path": "zz/two"}, "pybuild-out/any/bin/pkg/motd"),
]


def test_mtree() -> None:
    context = run(MTREE_ENTRIES, SOURCES)
    found = unpack(context)
    assert [name for name in found if "zz" not in name] == [
        "./dev", "./dev/null", "./etc", "./etc/motd", "./home", "./home/me", "./home/me/profile", "./lnk", "./srv",
        "./with space",
    ]  # fmt: skip
    assert (found["./etc"].mtime, found["./etc/motd"].uname, found["./with space"].mode) == (5, "root", 0o600)
    assert (found["./home/me"].uid, found["./home/me/profile"].uid, found["./srv"].mode) == (1000, 1000, 0o711)
    assert (found["./dev/null"].devmajor, found["./dev/null"].devminor) == (1, 3)
    assert content(context, "./etc/motd") == b"hello\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"a type=door", "type=door"),
        (b"a mode=9", "mode=9"),
        (b"a time=noon", "time=noon"),
        (b"a type=char", "device="),
        (b"a type=link", "link="),
        (b"..", "above the root"),
        (b"a contents=nowhere", "names no source"),
        (b"a contents=motd.in size=9", "size=9"),
        (b"a contents=motd.in sha256=00", "sha256=00"),
        (b"/reset", "unknown mtree command"),
        (rb"a\000b", "escape"),
    ],
)
def test_bad_mtree(line: bytes, message: str) -> None:
    with pytest.raises(ExecutionError, match=message) as caught:
        run(MTREE_ENTRIES, {**SOURCES, "x.mtree": b"#mtree\n\n" + line + b"\n"})
    assert "x.mtree:3" in str(caught.value)


@given(st.binary(max_size=200))
def test_mtree_never_raises_anything_else(text: bytes) -> None:
    try:
        assert len(list(parse_mtree(text, "x"))) <= text.count(b"\n") + 1
    except ExecutionError:
        return
