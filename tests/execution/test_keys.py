"""Action digests: golden, and independent of everything that must not matter."""

from __future__ import annotations

import random
import time

import pytest

from rulesengine.errors import ExecutionError
from rulesengine.execution.keys import KeyMaker, decode_result, encode_result, spell
from rulesengine.model.action import Action, PathArgument
from rulesengine.model.artifact import Artifact, FileValue, TreeValue, Value
from rulesengine.model.depset import Depset
from rulesengine.model.digest import EMPTY, Digest
from tests.execution.bench import made, op_action, shell, source
from tests.model import reapi_pb2 as pb

A, B, TREE = source("p/a.txt"), source("p/b.sh"), made("p/tree", tree=True)
VALUES: dict[Artifact, Value] = {
    A: FileValue(Digest.of(b"a")),
    B: FileValue(Digest.of(b"b"), executable=True),
    TREE: TreeValue(EMPTY),
}


def key_of(action: Action, values: dict[Artifact, Value] = VALUES) -> Digest:
    return KeyMaker().key(action, spell(action, action.inputs.to_list()), values)


def example(**changes: object) -> Action:
    fields: dict[str, object] = {
        "owner": "//p:t",
        "mnemonic": "Genrule",
        "arguments": ("/bin/sh", PathArgument(A, "--in=%s"), PathArgument(TREE), "x"),
        "inputs": Depset([A, B, TREE]),
        "outputs": (made("p/out2"), made("p/out1")),
        "environment": (("Z", "1"), ("A", "2")),
        "platform": (("os", "linux"), ("arch", "arm64")),
        "timeout": 60,
    }
    return Action(**{**fields, **changes})  # type: ignore[arg-type]


def test_golden_digests() -> None:
    """These change only when every cache in the world is to be forgotten."""
    assert key_of(example()) == Digest("9a20e991cba24f31bfde053ec2f096b8c7f9365929620e72f619aa04a5ec4c2b", 176)
    assert key_of(op_action("mix", [A], [made("x")])) == Digest(
        "97e584a7dbc17035cd6976a214bf529bdf2c1011b8468410c293ff8612b3208d", 140
    )


def test_the_messages_are_what_the_remote_execution_api_says() -> None:
    blobs: dict[Digest, bytes] = {}

    def put(data: bytes) -> Digest:
        digest = Digest.of(data)
        blobs[digest] = data
        return digest

    def get(digest: pb.Digest) -> bytes:
        return blobs[Digest(digest.hash, digest.size_bytes)]

    action = example()
    key = KeyMaker().messages(action, spell(action, action.inputs.to_list()), VALUES, put)
    message = pb.Action.FromString(blobs[key])
    command = pb.Command.FromString(get(message.command_digest))
    assert list(command.arguments) == ["/bin/sh", "--in=p/a.txt", TREE.path, "x"]
    expected = {"A": "2", "HOME": "/tmp", "PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": "UTC", "Z": "1"}
    assert [(one.name, one.value) for one in command.environment_variables] == sorted(expected.items())
    assert list(command.output_paths) == ["pybuild-out/k8/bin/p/out1", "pybuild-out/k8/bin/p/out2"]
    assert [(one.name, one.value) for one in message.platform.properties] == [("arch", "arm64"), ("os", "linux")]
    assert message.timeout.seconds == 60
    root = pb.Directory.FromString(get(message.input_root_digest))
    assert [one.name for one in root.directories] == ["p", "pybuild-out"]
    package = pb.Directory.FromString(get(root.directories[0].digest))
    assert [(one.name, one.is_executable) for one in package.files] == [("a.txt", False), ("b.sh", True)]


def test_what_must_not_matter_does_not() -> None:
    reference = key_of(example())
    assert key_of(example(owner="//q:u", mnemonic="Other", configuration="k9", progress_message="…")) == reference
    assert key_of(example(inputs=Depset([TREE], [Depset([B, A])]))) == reference
    assert key_of(example(environment=(("A", "2"), ("Z", "1")))) == reference
    assert key_of(example(outputs=(made("p/out1"), made("p/out2")))) == reference


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": ("/bin/sh", PathArgument(A, "--in=%s"), PathArgument(TREE), "y")},
        {"inputs": Depset([A, TREE])},
        {"outputs": (made("p/out2"),)},
        {"outputs": (made("p/out2", "arm"), made("p/out1", "arm"))},
        {"environment": (("Z", "1"), ("A", "3"))},
        {"platform": ()},
        {"timeout": 61},
        {"cacheable": False},
    ],
)
def test_what_must_matter_does(change: dict[str, object]) -> None:
    assert key_of(example(**change)) != key_of(example())


@pytest.mark.parametrize(
    "values",
    [
        {A: FileValue(Digest.of(b"a"), executable=True)},
        {A: FileValue(Digest.of(b"other"))},
        {TREE: TreeValue(Digest.of(b"\n"))},
    ],
)
def test_the_value_of_every_input_matters(values: dict[Artifact, Value]) -> None:
    assert key_of(example(), {**VALUES, **values}) != key_of(example())


def test_mapped_paths_only_for_operations() -> None:
    one, other = (op_action("mix", [A], [made("x", conf)]) for conf in ("k8", "arm"))
    assert key_of(one) == key_of(other)
    one, other = (shell("true", [A], [made("x", conf)]) for conf in ("k8", "arm"))
    assert key_of(one) != key_of(other)


def test_nested_mapped_paths_fall_back_to_real_ones() -> None:
    tree, inside = made("d", "k8", tree=True), made("d/f", "arm")
    action = op_action("mix", [tree, inside], [made("x")])
    assert spell(action, [tree, inside]).inputs == {tree.path: tree, inside.path: inside}
    key_of(action, {tree: TreeValue(EMPTY), inside: FileValue(Digest.of(b""))})


def test_inputs_inside_one_another_are_refused() -> None:
    tree, inside = source("d"), source("d/f")
    action = shell("true", [tree, inside], [made("x")])
    with pytest.raises(ExecutionError, match="inside"):
        key_of(action, {tree: TreeValue(EMPTY), inside: FileValue(Digest.of(b""))})


def test_results_round_trip_and_reject_what_does_not_fit() -> None:
    out, tree = made("o"), made("t", tree=True)
    outputs = {out.path: out, tree.path: tree}
    values: dict[str, Value] = {out.path: FileValue(Digest.of(b"o"), executable=True), tree.path: TreeValue(EMPTY)}
    data = encode_result(values.items(), b"out", b"err")
    assert decode_result(data, outputs) == {out: values[out.path], tree: values[tree.path]}
    assert encode_result(reversed(values.items()), b"out", b"err") == data
    assert decode_result(data, {out.path: out}) is None
    assert decode_result(data, {**outputs, "z": made("z")}) is None
    assert decode_result(data, {out.path: tree, tree.path: out}) is None
    assert decode_result(pb.ActionResult(exit_code=1).SerializeToString(), {}) is None
    luck = random.Random(7)
    for _ in range(200):
        broken = bytearray(data)
        broken[luck.randrange(len(broken))] ^= 1 << luck.randrange(8)
        got = decode_result(bytes(broken), outputs)  # whatever it is, it is typed right or None
        assert got is None or set(got) == {out, tree}


def test_ten_thousand_keys_in_about_a_second() -> None:
    shared = [source(f"lib/h{number}") for number in range(20)]
    values: dict[Artifact, Value] = {one: FileValue(Digest.of(one.path.encode())) for one in shared}
    actions = []
    for number in range(10_000):
        own = source(f"src/f{number}")
        values[own] = FileValue(Digest.of(own.path.encode()))
        actions.append(op_action("mix", [own, *shared[:3]], [made(f"o{number}")]))
    maker = KeyMaker()
    began = time.process_time()
    keys = {maker.key(action, spell(action, action.inputs.to_list()), values) for action in actions}
    took = time.process_time() - began
    assert len(keys) == 10_000
    print(f"{took:.2f} s")
    assert took < 5


def test_a_path_given_as_text_is_kept_as_it_is() -> None:
    out = Artifact("pybuild-out/linux-arm64-v8/bin/p/out", "//p:t")
    fields = {
        "owner": "//p:t",
        "mnemonic": "M",
        "inputs": Depset([]),
        "outputs": (out,),
        "configuration": "linux-arm64-v8",
    }
    text = Action(arguments=("rulesengine-op", "x@1", "--out", out.path), **fields)  # type: ignore[arg-type]
    assert list(spell(text, []).outputs) == [out.path]
    file = Action(arguments=("rulesengine-op", "x@1", "--out", PathArgument(out)), **fields)  # type: ignore[arg-type]
    assert list(spell(file, []).outputs) == ["pybuild-out/any/bin/p/out"]


def test_an_index_of_images_is_the_same_action_whatever_the_host_is() -> None:
    images = [Artifact(f"pybuild-out/{one}/bin/p/image", "//p:image", is_directory=True) for one in ("amd64", "arm64")]

    def index(configuration: str) -> Action:
        out = Artifact(f"pybuild-out/{configuration}/bin/p/index", "//p:index", is_directory=True)
        paths = [PathArgument(one) for one in (*images, out)]
        arguments: tuple[str | PathArgument, ...] = ("rulesengine-op", "image_index@1", *paths)
        return Action("//p:index", "Index", arguments, Depset(images), (out,), configuration=configuration)

    one, other = index("amd64"), index("s390x")
    assert spell(one, images).arguments == (
        "rulesengine-op", "image_index@1", "pybuild-out/amd64/bin/p/image", "pybuild-out/arm64/bin/p/image",
        "pybuild-out/any/bin/p/index",
    )  # fmt: skip
    values: dict[Artifact, Value] = {image: TreeValue(EMPTY) for image in images}
    assert key_of(one, values) == key_of(other, values)
