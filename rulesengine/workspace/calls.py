"""Calls: what all methods of a Workspace share: places, stopping, taking turns, loading."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rulesengine.errors import TransportError, UsageError
from rulesengine.model.events import Event
from rulesengine.model.ports import Cancellation, Fetcher, Listener, Pin
from rulesengine.workspace.cancel import CancelToken
from rulesengine.workspace.exclusive import exclusive
from rulesengine.workspace.places import default_cache, default_output_base, find_root

if TYPE_CHECKING:
    from rulesengine.io.mirrors import Mirrors
    from rulesengine.loading import Loader
    from rulesengine.model.operation import Operation
    from rulesengine.ops.registry import Operations
    from rulesengine.workspace.configured_targets import ConfiguredTargets
    from rulesengine.workspace.how import HowToAnalyse
    from rulesengine.workspace.question import Question

_MIRRORS = "PYBUILD_MIRROR"
"""As io.mirrors.ENVIRONMENT, which takes longer to import than all that a small build needs."""


class Calls:
    """A workspace's places, and what its calls have in common.  See Workspace, which it is a part of."""

    def __init__(
        self,
        root: str | os.PathLike[str] = ".",
        *,
        cache: str | os.PathLike[str] | None = None,
        output_base: str | os.PathLike[str] | None = None,
        mirrors: Sequence[str] = (),
        offline: bool = False,
        wait: bool = True,
        operations: Iterable[Operation] = (),
    ) -> None:
        self.root = find_root(os.fspath(root))
        self.cache = os.path.abspath(os.path.expanduser(cache)) if cache else default_cache(os.environ)
        self.output_base = (
            os.path.abspath(os.path.expanduser(output_base))
            if output_base
            else default_output_base(self.cache, self.root)
        )
        self.mirrors = tuple(mirrors)
        self.offline = offline
        self.wait = wait
        self.operations = tuple(operations)
        self._guard = threading.Lock()
        self._running: set[CancelToken] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.root!r})"

    def cancel(self) -> None:
        """Ask every call under way to stop; each raises InterruptedBuild.  Later calls are not concerned."""
        for token in tuple(self._running):
            token.cancel()

    # ---- what they share --------------------------------------------------------

    @contextmanager
    def _call(self, cancel: CancelToken | None) -> Iterator[CancelToken]:
        token = cancel or CancelToken()
        token.check()
        with self._guard:
            self._running.add(token)
        try:
            yield token
        finally:
            with self._guard:
                self._running.discard(token)

    @contextmanager
    def _exclusive(self, token: CancelToken, listener: Listener) -> Iterator[None]:
        path = os.path.join(self.output_base, "lock")
        with exclusive(path, wait=self.wait, cancel=token, listener=listener):
            yield

    @contextmanager
    def _analysing(
        self, expression: str, how: HowToAnalyse, *, asking: bool = False
    ) -> Iterator[tuple[Question, ConfiguredTargets]]:
        from rulesengine.workspace.analysing import analyse
        from rulesengine.workspace.question import Question

        told = serial(how.get("listener"))
        question = Question.of(expression, how)
        with self._call(how.get("cancel")) as token:
            yield question, analyse(question, self._loader(told, token), told, token, asking=asking)

    def _loader(self, listener: Listener, cancel: CancelToken, root: str = "") -> Loader:
        from rulesengine.loading import Loader

        def key(name: str) -> str:
            return self._operations().named(name).key

        loader = Loader(root or self.root, listener, key, cancel, os.path.join(self.cache, "parsed"))
        loader.sources.caches = frozenset(map(os.path.realpath, (self.cache, self.output_base)))
        return loader

    def _operations(self) -> Operations:
        from rulesengine.ops.registry import Operations, operations

        return Operations(self.operations) if self.operations else operations()

    def _mirrors(self, listener: Listener) -> Mirrors:
        if self.offline:
            raise TransportError("this needs the network, and --offline was given", hint="leave --offline out")
        from rulesengine.io.mirrors import Mirrors, mirror_order

        return Mirrors(mirror_order(self.mirrors), report=listener)

    def _fetcher(self, listener: Listener) -> Fetcher | None:
        """What fetches; what the user says of mirrors is checked first.  Raises UsageError."""
        if self.offline:
            return None
        if self.mirrors or os.environ.get(_MIRRORS):
            return self._mirrors(listener)
        return LateFetcher(lambda: self._mirrors(listener))


class LateFetcher:
    """A fetcher that is made when something is to be fetched: most rebuilds fetch nothing."""

    def __init__(self, make: Callable[[], Fetcher]) -> None:
        self._make = make
        self._made: Fetcher | None = None

    def fetch(
        self, pin: Pin, write: Callable[[bytes], object], progress: Callable[[int], None], cancel: Cancellation
    ) -> None:
        """As Fetcher has it."""
        if self._made is None:
            self._made = self._make()
        self._made.fetch(pin, write, progress, cancel)


def union(patterns: Sequence[str]) -> str:
    """Patterns as a query.  Raises UsageError where there are none."""
    if not patterns:
        raise UsageError("no target is named", hint="for instance //... for everything in the workspace")
    expression = ""
    for pattern in patterns:
        sign, word = (" - ", pattern[1:]) if pattern.startswith("-") else (" + ", pattern)
        expression += f"{sign if expression else ''}{json.dumps(word, ensure_ascii=False)}"
    return expression


def _deaf(_: Event) -> None:
    """Hear nothing."""


def serial(listener: Listener | None) -> Listener:
    """A listener that is called by one thread at a time."""
    if listener is None:
        return _deaf
    lock = threading.Lock()

    def tell(event: Event) -> None:
        with lock:
            listener(event)

    return tell
