"""The messages of the Remote Execution API, byte for byte as protobuf writes them, and read as it reads them."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import DecodeError, Message
from hypothesis import example, given
from hypothesis import strategies as st

from rulesengine.model import wire
from rulesengine.model.digest import Digest
from tests.model import reapi_pb2 as pb

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(["", "a", "x" * 200, "ü" * 9000])
NUMBER = st.integers(0, 300) | st.integers(0, 2**63 - 1)
DIGESTS = st.builds(Digest, TEXT, NUMBER)
FILES = st.lists(st.tuples(TEXT, DIGESTS, st.booleans()), max_size=3)
DIRECTORIES = st.lists(st.tuples(TEXT, DIGESTS), max_size=3)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=3)
DATA = st.binary(max_size=300)


def encoded(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def digest(one: Digest) -> pb.Digest:
    return pb.Digest(hash=one.hash, size_bytes=one.size)


def directory(files: Any, directories: Any, links: Any) -> pb.Directory:
    return pb.Directory(
        files=[pb.FileNode(name=name, digest=digest(one), is_executable=run) for name, one, run in files],
        directories=[pb.DirectoryNode(name=name, digest=digest(one)) for name, one in directories],
        symlinks=[pb.SymlinkNode(name=name, target=target) for name, target in links],
    )


def result(files: Any, directories: Any, links: Any, stdout: bytes, stderr: bytes) -> pb.ActionResult:
    return pb.ActionResult(
        output_files=[pb.OutputFile(path=name, digest=digest(one), is_executable=run) for name, one, run in files],
        output_directories=[
            pb.OutputDirectory(path=name, root_directory_digest=digest(one)) for name, one in directories
        ],
        output_symlinks=[pb.OutputSymlink(path=name, target=target) for name, target in links],
        stdout_raw=stdout,
        stderr_raw=stderr,
    )


@given(FILES, DIRECTORIES, PAIRS)
def test_directories(files: Any, directories: Any, links: Any) -> None:
    data = wire.directory(files, directories, links)
    assert data == encoded(directory(files, directories, links))
    assert wire.read_directory(data) == wire.Nodes(files, directories, links)


@given(FILES, DIRECTORIES, PAIRS, DATA, DATA)
def test_results(files: Any, directories: Any, links: Any, stdout: bytes, stderr: bytes) -> None:
    data = wire.result(files, directories, links, stdout, stderr)
    assert data == encoded(result(files, directories, links, stdout, stderr))
    assert wire.read_result(data) == wire.Nodes(files, directories, links)


@given(st.lists(TEXT, max_size=4), PAIRS, PAIRS, st.lists(TEXT, max_size=4))
def test_commands(arguments: list[str], environment: Any, platform: Any, outputs: list[str]) -> None:
    theirs = pb.Command(
        arguments=arguments,
        environment_variables=[pb.Command.EnvironmentVariable(name=name, value=value) for name, value in environment],
        output_paths=outputs,
    )
    theirs.platform.properties.extend([pb.Platform.Property(name=name, value=value) for name, value in platform])
    if not platform:
        theirs.ClearField("platform")
    assert wire.command(arguments, environment, platform, outputs) == encoded(theirs)


@given(DIGESTS, DIGESTS, NUMBER, st.booleans(), PAIRS)
def test_actions(command: Digest, root: Digest, timeout: int, cacheable: bool, platform: Any) -> None:
    theirs = pb.Action(command_digest=digest(command), input_root_digest=digest(root), do_not_cache=not cacheable)
    if timeout:
        theirs.timeout.seconds = timeout
    if platform:
        theirs.platform.properties.extend([pb.Platform.Property(name=name, value=value) for name, value in platform])
    assert wire.action(command, root, timeout, cacheable, platform) == encoded(theirs)


def nodes(message: Any) -> wire.Nodes:
    """What protobuf read."""
    if isinstance(message, pb.Directory):
        return wire.Nodes(
            [(one.name, Digest(one.digest.hash, one.digest.size_bytes), one.is_executable) for one in message.files],
            [(one.name, Digest(one.digest.hash, one.digest.size_bytes)) for one in message.directories],
            [(one.name, one.target) for one in message.symlinks],
        )
    return wire.Nodes(
        [(one.path, Digest(one.digest.hash, one.digest.size_bytes), one.is_executable) for one in message.output_files],
        [
            (one.path, Digest(one.root_directory_digest.hash, one.root_directory_digest.size_bytes))
            for one in message.output_directories
        ],
        [(one.path, one.target) for one in message.output_symlinks],
        message.exit_code & 0xFFFF_FFFF,
    )


MESSAGES = st.builds(wire.directory, FILES, DIRECTORIES, PAIRS) | st.builds(
    wire.result, FILES, DIRECTORIES, PAIRS, DATA, DATA
)
DAMAGE = st.tuples(st.floats(0, 1), st.integers(0, 255), st.sampled_from(["set", "cut", "add", "twice"]))


@given(MESSAGES, st.lists(DAMAGE, max_size=3))
@example(b"\x0a\x04\x12\x00\x12\x00", [])
@example(b"\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", [])
def test_whatever_is_read_is_read_as_protobuf_reads_it(data: bytes, damage: list[tuple[float, int, str]]) -> None:
    """Damaged messages too.  What is refused here without need is only made again."""
    for share, value, kind in damage:
        place = int(share * len(data))
        if kind == "set":
            data = data[:place] + bytes([value]) + data[place + 1 :]
        elif kind == "cut":
            data = data[:place]
        elif kind == "add":
            data = data[:place] + bytes([value]) + data[place:]
        else:
            data += data[place:]
    for read, message in ((wire.read_directory, pb.Directory), (wire.read_result, pb.ActionResult)):
        try:
            mine = read(data)
        except wire.WireError:
            continue
        try:
            theirs = message.FromString(data)
        except DecodeError:
            # It checks the fields too that nobody reads: their texts, and messages inside of messages.
            continue
        assert mine == nodes(theirs)


@pytest.mark.parametrize("data", [b"\x0a", b"\x0a\x05ab", b"\x80" * 11, b"\x00\x00", b"\x0b", b"\x0a\x03\x0a\x01\xff"])
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(DecodeError):
        pb.Directory.FromString(data)
    with pytest.raises(wire.WireError):
        wire.read_directory(data)
