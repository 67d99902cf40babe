"""Operation deb_layer: its bytes, against dpkg-deb on real packages, and packages that are not right."""

from __future__ import annotations

import io
import json
import lzma
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from rulesengine.archive.entry import Entry
from rulesengine.archive.writer import TarWriter
from rulesengine.errors import ArchiveError, DebianError, ExecutionError
from rulesengine.model.digest import Digest
from rulesengine.ops.deb_layer import deb_layer
from tests.oracles.op_context import MemoryContext

CONTROL = b"Package: hello\nVersion: 1:2.0-3\nArchitecture: amd64\nDescription: says hello\n"
MD5SUMS = b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/hello\n"

Files = list[tuple[Entry, bytes]]
DATA: Files = [
    (Entry(".", "directory", 0o755, uname="root", gname="root", mtime=1700000000), b""),
    (Entry("usr", "directory", 0o755, mtime=1700000000), b""),
    (Entry("usr/bin", "directory", 0o755, mtime=1700000000), b""),
    (Entry("usr/bin/hello", "file", 0o4755, 0, 8, "root", "mail", 6, 1700000001), b"hello\n"),
    (Entry("usr/bin/hi", "hardlink", 0o4755, 0, 8, "root", "mail", 0, 1700000001, "usr/bin/hello"), b""),
    (Entry("usr/bin/salut", "symlink", 0o777, link="hello"), b""),
    (Entry("usr/share/doc/naïve", size=1), b"x"),
    (Entry("var", "directory", 0o755, mtime=1700000000), b""),
]


def tar(files: Files) -> bytes:
    out = io.BytesIO()
    writer = TarWriter(out)
    for entry, data in files:
        writer.add(entry, data)
    writer.close()
    return out.getvalue()


def ar(*members: tuple[str, bytes]) -> bytes:
    out = b"!<arch>\n"
    for name, data in members:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return out


def control_tar(control: bytes = CONTROL, md5sums: bytes | None = MD5SUMS) -> bytes:
    files: Files = [(Entry("control", size=len(control), mtime=1700000002), control)]
    if md5sums is not None:
        files.append((Entry("md5sums", size=len(md5sums)), md5sums))
    return tar(files)


def deb(data: Files | None = None, **kwargs: Any) -> bytes:
    return ar(
        ("debian-binary", b"2.0\n"),
        ("control.tar", control_tar(**kwargs)),
        ("data.tar.xz", lzma.compress(tar(DATA if data is None else data))),
    )


def run(package: bytes, *flags: str) -> MemoryContext:
    outputs = ("--layer", "out.layer", "--metadata", "out.json", "--entries", "out.jsonl")
    context = MemoryContext(["--deb", "x.deb", *outputs, *flags], {"x.deb": package})
    deb_layer.function(context)
    return context


def unpack(context: MemoryContext) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(context.outputs["out.layer"])) as archive:
        found = {}
        for info in archive:
            stream = archive.extractfile(info) if info.isreg() else None
            assert info.name not in found
            found[info.name] = (info, stream.read() if stream else b"")
        return found


def lines(context: MemoryContext) -> list[dict[str, Any]]:
    return [json.loads(line) for line in context.outputs["out.jsonl"].splitlines()]


def test_golden() -> None:
    """When this changes, raise the version of deb_layer."""
    context = run(deb(), "--compression", "none")
    document = json.loads(context.outputs["out.json"])
    assert (deb_layer.key, document["digest"]) == (
        "deb_layer@1+deflate=0.9.0,level=5,member=1048576;none;zstandard=0.25.0,level=3,block=1048576",
        "sha256:4b05416108be0b3a280b6f99b00083d976327391100b1af31dfa9cd673fa08ad",
    )
    assert document["diffId"] == document["digest"]
    compressed = json.loads(run(deb()).outputs["out.json"])
    assert compressed["diffId"] == document["digest"]
    assert compressed["digest"] == "sha256:bf469405c9bac16ca2e0e48f2c156ce56b9e07cc2244ecb7d939124a7ac2917a"


def test_metadata_and_entries() -> None:
    context = run(deb())
    blob = Digest.of(context.outputs["out.layer"])
    assert json.loads(context.outputs["out.json"]) == {
        "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
        "digest": str(blob),
        "size": blob.size,
        "diffId": json.loads(run(deb(), "--compression=none").outputs["out.json"])["digest"],
        "package": {"name": "hello", "version": "1:2.0-3", "architecture": "amd64"},
    }
    entries = lines(context)
    assert [one["path"] for one in entries] == [
        *(entry.path for entry, _ in DATA),
        "var/lib", "var/lib/dpkg", "var/lib/dpkg/status.d",
        "var/lib/dpkg/status.d/hello", "var/lib/dpkg/status.d/hello.md5sums",
    ]  # fmt: skip
    assert entries[3] == {
        "path": "usr/bin/hello", "type": "file", "mode": 0o4755, "gid": 8, "uname": "root", "gname": "mail",
        "mtime": 1700000001, "size": 6,
    }  # fmt: skip
    assert entries[4]["link"] == "usr/bin/hello"
    for line, (name, (info, content)) in zip(entries, unpack(context).items(), strict=True):
        assert name == ("." if line["path"] == "." else "./" + line["path"])
        assert (info.mode, info.uid, info.gid, info.mtime) == (
            line["mode"], line.get("uid", 0), line.get("gid", 0), line.get("mtime", 0),
        )  # fmt: skip
        assert len(content) == line.get("size", 0)


def test_the_packages_record() -> None:
    found = unpack(run(deb()))
    info, content = found["./var/lib/dpkg/status.d/hello"]
    assert (content, info.mode, info.mtime) == (CONTROL, 0o644, 1700000002)
    assert found["./var/lib/dpkg/status.d/hello.md5sums"][1] == MD5SUMS
    assert "./var/lib/dpkg/status.d/hello.md5sums" not in unpack(run(deb(md5sums=None)))


@pytest.mark.parametrize(
    ("compression", "magic"), [("gzip", b"\x1f\x8b"), ("zstd", b"\x28\xb5\x2f\xfd"), ("none", b"./\0")]
)
def test_compressions_hold_the_same_layer(compression: str, magic: bytes) -> None:
    context = run(deb(), "--compression", compression)
    assert context.outputs["out.layer"].startswith(magic)
    assert json.loads(context.outputs["out.json"])["diffId"] == json.loads(run(deb()).outputs["out.json"])["diffId"]


def test_exclusions() -> None:
    paths = [one["path"] for one in lines(run(deb(), "--exclude", "usr/share/doc/**", "--exclude=usr/bin/s*"))]
    assert paths[:6] == [".", "usr", "usr/bin", "usr/bin/hello", "usr/bin/hi", "var"]
    with pytest.raises(ExecutionError, match="hard link"):
        run(deb(), "--exclude", "usr/bin/hello")
    for bad in ("/usr", "", "a/../b", "usr/**x"):
        with pytest.raises(ExecutionError, match="pattern"):
            run(deb(), "--exclude=" + bad)


@pytest.mark.parametrize(
    ("package", "error", "message"),
    [
        (b"", ArchiveError, "truncated"),
        (ar(("debian-binary", b"3.0\n")), DebianError, "format 2"),
        (ar(("control.tar", b"")), DebianError, "format 2"),
        (ar(("debian-binary", b"2.0\n")), DebianError, "no control"),
        (ar(("debian-binary", b"2.0\n"), ("control.tar", control_tar())), DebianError, "no data"),
        (
            ar(("debian-binary", b"2.0\n"), ("data.tar", tar([])), ("control.tar", control_tar())),
            DebianError,
            "unexpected",
        ),
        (deb([(Entry("var", "symlink", link="srv"), b"")]), DebianError, "record belongs"),
        (deb([(Entry("var/lib/dpkg/status.d/hello"), b"")]), DebianError, "record belongs"),
        (deb(control=b"Package: hello\n"), DebianError, "Version"),
        (deb(control=b"Package: ../x\nVersion: 1\nArchitecture: all\n"), DebianError, "name"),
    ],
)
def test_bad_packages(package: bytes, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        run(package)


def test_a_package_cut_short_leaves_no_output() -> None:
    package = deb()
    for size in range(0, len(package), 7):
        context = MemoryContext(
            ["--deb=x", "--layer=l", "--metadata=m", "--entries=e"], {"x": package[:size]}
        )  # fmt: skip
        with pytest.raises((ArchiveError, DebianError)):
            deb_layer.function(context)
        assert not context.outputs


def test_unknown_flags() -> None:
    with pytest.raises(ExecutionError, match="--colour"):
        run(deb(), "--colour", "red")
    with pytest.raises(ArchiveError, match="level"):
        run(deb(), "--level", "99")
    with pytest.raises(ExecutionError, match="level"):
        run(deb(), "--level", "high")


@pytest.mark.live
def test_real_packages(tmp_path: Path) -> None:
    """All entries and bytes that dpkg-deb unpacks, then the record that `dpkg-deb --field` prints."""
    for name in ("netbase", "base-files", "tzdata", "libc6"):
        done = subprocess.run(["apt-get", "download", name], cwd=tmp_path, capture_output=True, check=False)
        if done.returncode:
            pytest.skip("apt has no sources here")
    for path in sorted(tmp_path.glob("*.deb")):
        context = run(path.read_bytes())
        found = unpack(context)
        expected = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(expected)) as archive:
            for info in archive:
                got, content = found.pop(info.name)
                for field in ("type", "mode", "uid", "gid", "uname", "gname", "size", "mtime", "linkname"):
                    assert getattr(got, field) == getattr(info, field), (info.name, field)
                stream = archive.extractfile(info) if info.isreg() else None
                assert content == (stream.read() if stream else b"")
        name = path.name.split("_")[0]
        stanza = subprocess.run(["dpkg-deb", "--field", path], capture_output=True, check=True).stdout
        assert found[f"./var/lib/dpkg/status.d/{name}"][1] == stanza
        assert set(found) - {f"./var/lib/dpkg/status.d/{name}", f"./var/lib/dpkg/status.d/{name}.md5sums"} <= {
            "./var", "./var/lib", "./var/lib/dpkg", "./var/lib/dpkg/status.d",
        }  # fmt: skip
        gzip = subprocess.run(["gzip", "-6nc"], input=expected, capture_output=True, check=True).stdout
        record = len(stanza) + len(found[f"./var/lib/dpkg/status.d/{name}.md5sums"][1])
        assert len(context.outputs["out.layer"]) <= len(gzip) * 1.002 + record
