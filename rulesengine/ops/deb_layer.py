"""Operation `deb_layer`: a Debian package becomes a layer.

    deb_layer@V --deb DEB [--exclude GLOB]… + the flags of layer_output

The layer holds the entries of the package's data member in their order, with their owners, owner names,
modes and times, and after them the package's record in the form that scanners of distroless images
read: `var/lib/dpkg/status.d/NAME`, the control stanza as it stands in the package, and
`NAME.md5sums` where the package has that file.  Their directories are added where the package does not have
them (0755 root).  What is added has the time of the package's control file, so nothing depends on the clock.

Header blocks are copied as they are where they say all (ustar or GNU, ASCII, canonical path); other
entries are written anew in ustar and pax.
"""

from __future__ import annotations

from rulesengine.archive.ar import ArData, ArMember, members
from rulesengine.archive.compress import COMPRESSORS_KEY
from rulesengine.archive.decompress import Decompressor
from rulesengine.archive.entry import DIRECTORY, FILE, HARDLINK, ROOT, Entry
from rulesengine.archive.tar import TarReader
from rulesengine.debian.deb import DebControl, parse_control_members
from rulesengine.errors import DebianError, ExecutionError
from rulesengine.model.operation import OpArguments, operation
from rulesengine.model.ports import OpContext
from rulesengine.ops.exclusion import Exclusion
from rulesengine.ops.layer_output import LayerOutput
from rulesengine.values import frozen

STATUS_DIRECTORIES = ("var", "var/lib", "var/lib/dpkg", "var/lib/dpkg/status.d")
LARGEST_CONTROL_FILE = 64 << 20
"""Bytes of `control` or `md5sums`; the largest in Debian have a few MiB."""

_CONTROL_FILES = ("control", "md5sums")


@frozen
class _Control:
    """The package's control member, and the time of its control file."""

    package: DebControl
    md5sums: bytes | None
    mtime: int


@operation("deb_layer", version="1+" + COMPRESSORS_KEY)
def deb_layer(context: OpContext) -> None:
    """Raises DebianError, ArchiveError, LimitError; ExecutionError where a hard link loses its target."""
    arguments = OpArguments(context.arguments)
    deb = arguments.one("deb")
    excluded = Exclusion(arguments.many("exclude"))
    output = LayerOutput(context, arguments)
    arguments.finish()

    control: _Control | None = None
    packed = False
    first = True
    with context.open(deb) as stream:
        for member, data in members(stream):
            if first:
                _check_version(member, data, deb)
                first = False
            elif packed or member.name.startswith("_"):
                # deb(5): members of the first kind are to be ignored, as is what follows the data
                continue
            elif control is None and member.name.startswith("control.tar"):
                control = _read_control(data, deb)
            elif control is not None and member.name.startswith("data.tar"):
                with output:
                    output.extra["package"] = {
                        "name": control.package.name,
                        "version": control.package.version,
                        "architecture": control.package.architecture,
                    }
                    _pack(data, control, excluded, output, deb)
                packed = True
            else:
                raise DebianError(
                    f"{deb}: unexpected member {member.name!r}",
                    hint="a package has the members debian-binary, control.tar and data.tar, in this order",
                )
    if not packed:
        raise DebianError(f"{deb} has no {'control' if control is None else 'data'} member")


def _check_version(member: ArMember, data: ArData, deb: str) -> None:
    version = data.read(16) if member.name == "debian-binary" else b""
    if not version.startswith(b"2."):
        raise DebianError(f"{deb} is not a Debian package of format 2", hint="deb(5) describes the format")


def _read_control(data: ArData, deb: str) -> _Control:
    files: dict[str, bytes] = {}
    mtime = 0
    reader = TarReader(Decompressor(data))
    for entry in reader:
        if entry.type == FILE and entry.path in _CONTROL_FILES:
            if entry.size > LARGEST_CONTROL_FILE or entry.path in files:
                raise DebianError(f"{deb}: {entry.path} is there twice or has {entry.size} bytes")
            files[entry.path] = reader.read()
            if entry.path == "control":
                mtime = entry.mtime
    md5sums = files.pop("md5sums", None)
    return _Control(parse_control_members(files, source=deb), md5sums, mtime)


def _pack(data: ArData, control: _Control, excluded: Exclusion, output: LayerOutput, deb: str) -> None:
    name = control.package.name
    status = f"{STATUS_DIRECTORIES[-1]}/{name}"
    record = {status: _with_newline(control.package.control)}
    if control.md5sums is not None:
        record[f"{status}.md5sums"] = control.md5sums
    present: set[str] = set()
    left_out: set[str] = set()
    reader = TarReader(Decompressor(data))
    for entry in reader:
        path = entry.path
        if excluded and path != ROOT and path in excluded:
            left_out.add(path)
            continue
        if path.startswith("var") and (path in record or path in STATUS_DIRECTORIES):
            if path in record or entry.type != DIRECTORY:
                raise DebianError(
                    f"{deb}: the package has {path} ({entry.type}), where its own record belongs",
                    hint="such a package cannot be made a layer; file it against the package",
                )
            present.add(path)
        elif left_out and entry.type == HARDLINK and entry.link in left_out:
            raise ExecutionError(
                f"{deb}: {path} is a hard link to {entry.link}, which is excluded",
                hint="exclude both or none",
            )
        output.copy(entry, reader)
    for path in STATUS_DIRECTORIES:
        if path not in present:
            output.add(Entry(path, DIRECTORY, 0o755, mtime=control.mtime))
    for path, content in record.items():
        output.add(Entry(path, FILE, 0o644, size=len(content), mtime=control.mtime), content)


def _with_newline(text: bytes) -> bytes:
    return text if text.endswith(b"\n") else text + b"\n"
