"""Operation `cacerts`: the bundle of trusted certificates, from the ca-certificates package and PEM files.

    cacerts@V [--deb DEB] [--pem FILE]… --bundle FILE
        [--certificates TREE] [--copyright FILE] [--status FILE] [--md5sums FILE]

The bundle is what `update-ca-certificates --default` makes in the C locale: the package's
`usr/share/ca-certificates/**/*.crt` in order of their paths, then the files given, in the order given.
A certificate that occurs twice is in the bundle once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

from rulesengine.archive.ar import members
from rulesengine.archive.decompress import Decompressor
from rulesengine.archive.entry import FILE, HARDLINK, SYMLINK
from rulesengine.archive.stream import Reader
from rulesengine.archive.tar import TarReader
from rulesengine.errors import DebianError, ExecutionError
from rulesengine.model.digest import Digest
from rulesengine.model.directory import Member, TreeFile
from rulesengine.model.operation import OpArguments, operation
from rulesengine.model.ports import OpContext
from rulesengine.ops.pem import Certificate, parse_certificates
from rulesengine.values import define, field

_DIRECTORY = "usr/share/ca-certificates/"
_DOC = "usr/share/doc/"
_LARGEST = 1 << 20
"""Bytes of one file that is read from the package; Debian's largest certificate has 3 KiB."""


@define
class _Package:
    """What is taken from a .deb."""

    control: bytes | None = None
    md5sums: bytes | None = None
    copyright: tuple[str, bytes] | None = None
    certificates: dict[str, bytes] = field(factory=dict)


def _read_deb(stream: BinaryIO, source: str) -> _Package:
    package = _Package()
    for member, data in members(stream):
        stem = member.name.rpartition(".tar")[0] if ".tar" in member.name else ""
        if stem == "control":
            _read_control(data, package, source)
        elif stem == "data":
            _read_data(data, package, source)
    if package.control is None:
        raise DebianError(f"{source}: no control file in its control member", hint="this is no Debian package")
    if not package.certificates:
        raise DebianError(
            f"{source} holds no certificate below {_DIRECTORY}",
            hint="the package that has them is ca-certificates",
        )
    return package


def _files(data: Reader, source: str) -> Iterator[tuple[str, TarReader, int]]:
    reader = TarReader(Decompressor(data))
    for entry in reader:
        if entry.type == FILE:
            yield entry.path, reader, entry.size
        elif entry.type in (SYMLINK, HARDLINK) and entry.path.startswith(_DIRECTORY):
            raise DebianError(f"{source}: {entry.path} is a link, not a certificate")


def _content(reader: TarReader, size: int, path: str, source: str) -> bytes:
    if size > _LARGEST:
        raise DebianError(f"{source}: {path} is {size} bytes long; at most {_LARGEST} are read")
    return reader.read()


def _read_control(data: Reader, package: _Package, source: str) -> None:
    for path, reader, size in _files(data, source):
        if path == "control":
            package.control = _content(reader, size, path, source)
        elif path == "md5sums":
            package.md5sums = _content(reader, size, path, source)


def _read_data(data: Reader, package: _Package, source: str) -> None:
    for path, reader, size in _files(data, source):
        if path.startswith(_DIRECTORY) and path.endswith(".crt"):
            package.certificates[path] = _content(reader, size, path, source)
        elif path.startswith(_DOC) and path.count("/") == 4 and path.endswith("/copyright"):
            package.copyright = path, _content(reader, size, path, source)


def _collect(context: OpContext, package: _Package | None, pems: list[str]) -> Iterator[tuple[str, Certificate]]:
    """(file stem for the tree, certificate), each certificate once, in the bundle's order."""
    seen: set[bytes] = set()

    def fresh(stem: str, found: list[Certificate]) -> Iterator[tuple[str, Certificate]]:
        for number, one in enumerate(found, 1):
            if one.der not in seen:
                seen.add(one.der)
                yield (stem if len(found) == 1 else f"{stem}-{number}"), one

    if package is not None:
        for path in sorted(package.certificates, key=str.encode):
            name = path.rpartition("/")[2].removesuffix(".crt")
            yield from fresh(name, parse_certificates(package.certificates[path], path))
    for path in pems:
        context.check()
        if context.digest(path).size > _LARGEST * 16:
            raise ExecutionError(f"{path} is too large for a file of certificates")
        stem = path.rpartition("/")[2].rpartition(".")[0] or path.rpartition("/")[2]
        yield from fresh(stem, parse_certificates(context.read(path), path))


def _kept_sums(package: _Package, with_copyright: bool) -> bytes:
    """The lines of md5sums for the package's own files that are kept: the copyright, where it is asked for."""
    kept = package.copyright[0] if package.copyright and with_copyright else None
    lines = (package.md5sums or b"").split(b"\n")
    return b"".join(line + b"\n" for line in lines if line.partition(b"  ")[2].decode("utf-8", "replace") == kept)


@operation("cacerts", version="1")
def cacerts(context: OpContext) -> None:
    """Make the bundle.  Raises ExecutionError for PEM files, DebianError and ArchiveError for the package."""
    arguments = OpArguments(context.arguments)
    deb = arguments.optional("deb")
    pems = arguments.many("pem")
    bundle = arguments.one("bundle")
    tree = arguments.optional("certificates")
    of_package = {name: arguments.optional(name) for name in ("copyright", "status", "md5sums")}
    arguments.finish()
    if not deb and not pems:
        raise ExecutionError("cacerts needs the ca-certificates package or PEM files")

    package: _Package | None = None
    if deb:
        with closing(context.open(deb)) as stream:
            package = _read_deb(stream, deb)
    named = list(_collect(context, package, pems))
    context.write(bundle, b"".join(one.pem for _, one in named))
    if tree:
        context.put_tree(tree, dict(_tree(context, named)))
    for name, path in of_package.items():
        if path:
            context.write(path, _package_file(package, name, bool(of_package["copyright"])))


def _tree(context: OpContext, named: list[tuple[str, Certificate]]) -> Iterator[tuple[str, Member]]:
    taken: set[str] = set()
    for stem, one in named:
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}-{number}", number + 1
        taken.add(name)
        digest: Digest = context.put(one.pem)
        yield f"{name}.crt", TreeFile(digest)


def _package_file(package: _Package | None, name: str, with_copyright: bool) -> bytes:
    if package is None:
        raise ExecutionError(f"flag --{name} needs --deb")
    if name == "copyright":
        if package.copyright is None:
            raise DebianError("the package holds no copyright file below usr/share/doc")
        return package.copyright[1]
    return (package.control or b"") if name == "status" else _kept_sums(package, with_copyright)
