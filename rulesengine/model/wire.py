"""Wire: the messages of the Remote Execution API v2 that we write and read, in protobuf's encoding.

Names and field numbers are the published ones (bazelbuild/remote-apis, build/bazel/remote/execution/v2; those used
here stand in tests/model/reapi.proto).  Fields are written in the order of their numbers and those with default values
left out, which is protobuf's deterministic form: these bytes are the cache key and what a remote cluster reads.

protobuf itself takes 20 ms to import, a tenth of a build in which one source has changed; tests compare with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rulesengine.model.digest import Digest
from rulesengine.values import frozen

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_MOST_BYTES = 10
"""A number takes so many at most."""

Pairs = Iterable[tuple[str, str]]


class WireError(ValueError):
    """Bytes that are no message."""


# ---- fields --------------------------------------------------------------------


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(data)) + data


def _text(field: int, text: str) -> bytes:
    """A string that is left out when empty."""
    return _bytes(field, text.encode()) if text else b""


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number) if number else b""


def _digest(field: int, digest: Digest) -> bytes:
    return _bytes(field, _text(1, digest.hash) + _number(2, digest.size))


def _pairs(field: int, pairs: Pairs) -> list[bytes]:
    """Messages of a name (1) and a value (2)."""
    return [_bytes(field, _text(1, name) + _text(2, value)) for name, value in pairs]


# ---- what is written -------------------------------------------------------------


def directory(
    files: Iterable[tuple[str, Digest, bool]], directories: Iterable[tuple[str, Digest]], links: Pairs
) -> bytes:
    """A Directory: files and whether they are executable; directories; links and their targets.  All sorted by name."""
    parts = [_bytes(1, _text(1, name) + _digest(2, digest) + _number(4, program)) for name, digest, program in files]
    parts += [_bytes(2, _text(1, name) + _digest(2, digest)) for name, digest in directories]
    parts += _pairs(3, links)
    return b"".join(parts)


def command(arguments: Iterable[str], environment: Pairs, platform: Pairs, output_paths: Iterable[str]) -> bytes:
    """A Command.  Environment, platform and output paths are sorted."""
    parts = [_bytes(1, one.encode()) for one in arguments]
    parts += _pairs(2, environment)
    parts += _platform(5, platform)
    parts += [_bytes(7, one.encode()) for one in output_paths]
    return b"".join(parts)


def action(command: Digest, root: Digest, timeout: int, cacheable: bool, platform: Pairs) -> bytes:
    """An Action.  timeout: seconds, 0 for none."""
    parts = [_digest(1, command), _digest(2, root)]
    if timeout:
        parts.append(_bytes(6, _number(1, timeout)))
    parts += [_number(7, not cacheable), *_platform(10, platform)]
    return b"".join(parts)


def _platform(field: int, properties: Pairs) -> list[bytes]:
    found = _pairs(1, properties)
    return [_bytes(field, b"".join(found))] if found else []


def result(
    files: Iterable[tuple[str, Digest, bool]],
    directories: Iterable[tuple[str, Digest]],
    links: Pairs,
    stdout: bytes,
    stderr: bytes,
) -> bytes:
    """An ActionResult: outputs by path, and what was printed."""
    parts = [_bytes(2, _text(1, path) + _digest(2, digest) + _number(4, program)) for path, digest, program in files]
    parts += [_bytes(3, _text(1, path) + _digest(5, digest)) for path, digest in directories]
    parts += [_bytes(field, data) for field, data in ((5, stdout), (7, stderr)) if data]
    parts += _pairs(12, links)
    return b"".join(parts)


# ---- what is read -----------------------------------------------------------------


@frozen
class Nodes:
    """What a Directory or an ActionResult names: files (name, digest, executable), directories, links (name, target).

    exit_code: of an ActionResult.
    """

    files: Sequence[tuple[str, Digest, bool]]
    directories: Sequence[tuple[str, Digest]]
    links: Sequence[tuple[str, str]]
    exit_code: int = 0


def read_directory(data: bytes) -> Nodes:
    """A Directory.  Raises WireError."""
    found = _message(data)
    return Nodes(
        [_file(one) for one in _all(found, 1)],
        [_directory(one, 2) for one in _all(found, 2)],
        [_link(one) for one in _all(found, 3)],
    )


def read_result(data: bytes) -> Nodes:
    """An ActionResult.  Raises WireError."""
    found = _message(data)
    return Nodes(
        [_file(one) for one in _all(found, 2)],
        [_directory(one, 5) for one in _all(found, 3)],
        [_link(one) for one in _all(found, 12)],
        _last_number(found, 4) & 0xFFFF_FFFF,
    )


_Fields = dict[int, list[int | bytes]]


def _file(data: bytes) -> tuple[str, Digest, bool]:
    found = _message(data)
    return _last_text(found, 1), _one_digest(found, 2), bool(_last_number(found, 4))


def _directory(data: bytes, field: int) -> tuple[str, Digest]:
    found = _message(data)
    return _last_text(found, 1), _one_digest(found, field)


def _link(data: bytes) -> tuple[str, str]:
    found = _message(data)
    return _last_text(found, 1), _last_text(found, 2)


def _one_digest(found: _Fields, field: int) -> Digest:
    parts = _all(found, field)
    inside = _message(parts[0] if len(parts) == 1 else b"".join(parts))  # several: they are parts of one message
    size = _last_number(inside, 2)
    return Digest(_last_text(inside, 1), size - (1 << 64) if size >> 63 else size)


def _all(found: _Fields, field: int) -> list[bytes]:
    return [one for one in found.get(field, ()) if type(one) is bytes]


def _last_text(found: _Fields, field: int) -> str:
    texts = _all(found, field)
    try:
        for one in texts[:-1]:
            one.decode()
        return texts[-1].decode() if texts else ""
    except UnicodeDecodeError:
        raise WireError("a text is not UTF-8") from None


def _last_number(found: _Fields, field: int) -> int:
    return next((one for one in reversed(found.get(field, ())) if type(one) is int), 0)


def _message(data: bytes) -> _Fields:
    """The values of all fields by number, in order: numbers, and bytes of texts and messages."""
    found: _Fields = {}
    place = 0
    end = len(data)
    while place < end:
        key = data[place]
        if key < 0x80:  # as nearly all are: the long way takes three times as long
            place += 1
        else:
            key, place = _read_varint(data, place)
        field, kind = key >> 3, key & 7
        if not field or key > 0xFFFF_FFFF:
            raise WireError("no field has this number")
        if kind in _WIDTHS:
            place += _WIDTHS[kind]
            if place > end:
                raise WireError("a field is cut short")
            continue
        if kind not in (_BYTES, _VARINT):
            raise WireError("a field of an unknown kind")
        if place < end and data[place] < 0x80:
            number = data[place]
            place += 1
        else:
            number, place = _read_varint(data, place)
        value: int | bytes = number
        if kind == _BYTES:
            value = data[place : place + number]
            place += number
            if place > end:
                raise WireError("a field is cut short")
        if field in found:
            found[field].append(value)
        else:
            found[field] = [value]
    return found


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    for end in range(place, min(place + _MOST_BYTES, len(data))):
        one = data[end]
        number |= (one & 0x7F) << shift
        if one < 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF, end + 1
        shift += 7
    raise WireError("a number is cut short")
