"""Classes made by rulesengine.values behave as those that attrs makes of the same lines."""

from __future__ import annotations

import copy
import inspect
import operator
import pickle
import sys
import threading
import weakref
from typing import Any, ClassVar

import attrs
import pytest
from cattrs.preconf.json import make_converter
from hypothesis import given
from hypothesis import strategies as st

from rulesengine import values

TEXT = """
@frozen
class Plain:
    a: int
    b: str = "b"

@frozen(cache_hash=True)
class Cached:
    a: int
    owner: str = field(default="", eq=False)
    _own: tuple = ()

@frozen(order=True)
class Ordered:
    a: int
    b: str = "b"

@frozen(eq=False)
class Same:
    a: int
    b: str = ""

@define
class Open:
    a: int
    b: list = field(factory=list)
    c: int = field(default=3, repr=False)
    d: dict = field(init=False, factory=dict)
    e: str = field(init=False)
    MOST: ClassVar[int] = 4

    def __attrs_post_init__(self) -> None:
        self.e = f"{self.a} {self.MOST}"

@define(eq=False)
class Shared:
    a: int

@frozen
class Below(Plain):
    c: float = 0.5

@frozen
class Told:
    a: int

    def __repr__(self) -> str:
        return f"told {self.a}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Told)

    def __hash__(self) -> int:
        return 7
"""


def made(module: Any) -> dict[str, Any]:
    scope = {one: getattr(module, one) for one in ("frozen", "define", "field")} | {
        "ClassVar": ClassVar,
        "__name__": __name__,
    }
    exec(compile("from __future__ import annotations\n" + TEXT, "classes", "exec"), scope)
    return {
        name: one for name, one in scope.items() if isinstance(one, type) and name[0].isupper() and name != "ClassVar"
    }


OURS, THEIRS = made(values), made(attrs)
NAMES = sorted(OURS)
ARGUMENTS = st.tuples(
    st.lists(st.integers(0, 2), max_size=4),
    st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e", "own", "_own", "owner"]), st.integers(0, 2), max_size=2),
)


def outcome(call: Any, *arguments: Any, **named: Any) -> Any:
    try:
        return call(*arguments, **named)
    except Exception as fault:  # noqa: BLE001 - which one is what is compared
        return type(fault)


@given(st.sampled_from(NAMES), ARGUMENTS, ARGUMENTS)
def test_values_are_made_compared_and_shown_alike(
    name: str, first: tuple[list[int], dict[str, int]], second: tuple[list[int], dict[str, int]]
) -> None:
    pairs = [
        [outcome(cls, *one[0], **one[1]) for one in (first, second)]
        for cls in (OURS[name], made(values)[name], THEIRS[name])  # compiled; not compiled yet; attrs' own
    ]
    for mine, new, theirs in zip(*pairs, strict=True):
        if isinstance(theirs, type):
            assert mine is new is theirs
            return
        assert repr(mine) == repr(new) == repr(theirs)
        assert (
            isinstance(outcome(hash, mine), int)
            == isinstance(outcome(hash, new), int)
            == isinstance(outcome(hash, theirs), int)
        )
    for question in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        for left, right in ((0, 0), (0, 1), (1, 0)):
            told = [outcome(question, pair[left], pair[right]) for pair in pairs]
            assert told[0] == told[1] == told[2]
    for one, other in pairs[:2]:
        if one == other and type(one).__hash__ is not None:
            assert hash(one) == hash(other)
            assert len({one, other}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_what_attrs_and_match_see(name: str) -> None:
    mine: Any = OURS[name]
    theirs: Any = THEIRS[name]
    assert attrs.has(OURS[name])
    assert mine.__match_args__ == theirs.__match_args__
    seen = [
        [(one.name, one.alias, one.default, one.init, one.eq, one.repr, one.type) for one in attrs.fields(cls)]
        for cls in (mine, theirs)
    ]
    assert seen[0] == seen[1]
    assert attrs.fields(mine) is attrs.fields(mine)
    signatures = [inspect.signature(cls).parameters.values() for cls in (mine, theirs)]
    told = [[(one.name, one.kind, one.default is one.empty) for one in parameters] for parameters in signatures]
    assert told[0] == told[1]
    one = mine(1)
    assert not hasattr(one, "__dict__")
    assert id(weakref.ref(one)()) == id(one)
    if name != "Told":
        assert attrs.asdict(one) == attrs.asdict(theirs(1))
    for evolve in (attrs.evolve, values.evolve):
        changed = evolve(one, a=5)
        assert (type(changed), changed.a, one.a) == (mine, 5, 1)


@pytest.mark.parametrize("name", NAMES)
def test_frozen_ones_stay(name: str) -> None:
    for cls in (OURS[name], THEIRS[name]):
        one = cls(1)
        if name in ("Open", "Shared"):
            one.a = 2
            assert one.a == 2
            continue
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(one, "a", 2)  # noqa: B010 - a type checker knows that it may not be done
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            delattr(one, "a")
        assert one.a == 1


@pytest.mark.parametrize("name", NAMES)
def test_copies_are_equal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """pickle looks for a class by its name."""
    for scope in (OURS, THEIRS):
        one = scope[name](1)
        monkeypatch.setattr(sys.modules[__name__], name, scope[name], raising=False)
        if type(one).__hash__ is not None:
            hash(one)
        for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert type(other) is type(one)
            assert attrs.asdict(other) == attrs.asdict(one)
            assert (other == one) == (name not in ("Same", "Shared"))


def test_a_hash_is_not_kept_by_a_copy() -> None:
    """That of a text is another one in each process."""
    one = OURS["Cached"](1)
    hash(one)
    assert one._kept_hash is not None
    assert copy.copy(one)._kept_hash is None


def test_a_method_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though who asked for it before keeps what was there then."""
    cls = made(values)["Plain"]
    early = cls.__eq__
    compiled = []
    work = values._compiled

    def note(name: str, *rest: Any) -> Any:
        compiled.append(name)
        return work(name, *rest)

    monkeypatch.setattr(values, "_compiled", note)
    for _ in range(3):
        assert early(cls(1), cls(1)) is True
    assert compiled.count("__eq__") == 1


def test_cattrs_reads_and_writes_them() -> None:
    converter = make_converter()
    made = converter.structure({"a": 3, "b": "x"}, OURS["Plain"])
    assert made == OURS["Plain"](3, "x")
    assert converter.unstructure(made) == {"a": 3, "b": "x"}


def test_threads_that_ask_at_once_are_told_the_same() -> None:
    for _ in range(20):
        cls = made(values)["Below"]
        together = threading.Barrier(4)
        seen: list[object] = []

        def ask(cls: Any = cls, together: threading.Barrier = together, seen: list[object] = seen) -> None:
            together.wait()
            seen.append(attrs.fields(cls))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert len(seen) == 4
        assert all(one is seen[0] for one in seen)


def test_a_class_below_that_adds_no_fields() -> None:
    named: Any = type("Named", (OURS["Plain"],), {"shown": lambda self: f"{self.a} {self.b}"})
    one = named(1)
    assert attrs.asdict(one) == {"a": 1, "b": "b"}
    assert values.evolve(one, b="c").shown() == "1 c"
    assert one != OURS["Plain"](1)


def test_a_value_is_no_other_classes() -> None:
    assert OURS["Plain"](1) != OURS["Below"](1)
    match OURS["Plain"](1, "x"):
        case object(a=1, b=found):
            assert found == "x"
