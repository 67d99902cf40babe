"""Which packages a request needs, chosen as apt-get chooses on an empty system.

The choice among alternatives is not a matter of satisfiability alone: apt walks depth first, takes the first
alternative that works, prefers a real package to a provider, lets a requested package's Conflicts rule others
out, and breaks ties between providers by its own order.  The walk here follows the same rules (apt 2.6, internal
solver, without Recommends), for one architecture at a time.  Where apt would begin to remove or hold back packages, a
ResolutionError is raised instead: an image's contents are not negotiated.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from functools import cmp_to_key

from attrs import frozen

from rulesengine.debian.dependency import Alternatives, Relation
from rulesengine.debian.packages_index import Package, PackagesIndex
from rulesengine.errors import DebianError, ResolutionError, did_you_mean

_MAX_DEPTH = 3000
_MAX_REPAIRS = 20

_Walk = Generator[tuple[str, bool, bool], bool, bool]


@frozen
class Resolution:
    """A closed set of packages for one architecture.

    requested: names asked for (a virtual one replaced by its provider).  packages: in the order of their names.
    depends: name -> names of the members of the set that satisfy its Pre-Depends and Depends directly, sorted.
    """

    architecture: str
    requested: tuple[str, ...]
    packages: tuple[Package, ...]
    depends: Mapping[str, tuple[str, ...]]

    def closure(self, name: str) -> frozenset[str]:
        """All that a member needs, directly or not, without itself."""
        seen: set[str] = set()
        todo = [name]
        while todo:
            for one in self.depends[todo.pop()]:
                if one not in seen:
                    seen.add(one)
                    todo.append(one)
        return frozenset(seen - {name})


class Universe:
    """All packages of one architecture over several suites, with apt's candidate for each name.

    indexes: in the order of the suites, each with its pin priority (500, or less for NotAutomatic suites).
    """

    def __init__(self, architecture: str, indexes: Sequence[tuple[PackagesIndex, int]]) -> None:
        self.architecture = architecture
        self._indexes = tuple(indexes)
        self._candidates: dict[str, Package | None] = {}
        self._providers: dict[str, tuple[tuple[Package, str | None], ...]] = {}
        self._mentions: dict[str, tuple[int, ...]] = {}
        self._solutions: dict[Relation, list[Package]] = {}

    def versions(self, name: str) -> list[Package]:
        """Every package of that name, suite by suite."""
        return [package for index, _ in self._indexes for package in index.packages(name)]

    def names(self) -> Iterator[str]:
        """All names, with repetitions."""
        for index, _ in self._indexes:
            yield from index.names()

    def candidate(self, name: str) -> Package | None:
        """The version that would be installed: highest priority, then highest version, then first suite."""
        try:
            return self._candidates[name]
        except KeyError:
            pass
        best: Package | None = None
        best_priority = 0
        for index, priority in self._indexes:
            for package in index.packages(name):
                if (
                    best is None
                    or priority > best_priority
                    or (priority == best_priority and package.version > best.version)
                ):
                    best, best_priority = package, priority
        self._candidates[name] = best
        return best

    def _provided(self, name: str) -> Iterator[tuple[Package, str | None]]:
        seen: set[str] = set()
        for index, _ in self._indexes:
            for package in index.providers(name):
                if package.name not in seen and self.candidate(package.name) is package:
                    seen.add(package.name)
                    for relation in package.provides:
                        spelt = relation.name + (":" + relation.qualifier if relation.qualifier else "")
                        # A package never provides itself in the version that it has.
                        if spelt == name and not (
                            spelt == package.name and relation.version in ("", package.version.text)
                        ):
                            yield package, relation.version or None

    def providers(self, name: str, qualifier: str) -> tuple[tuple[Package, str | None], ...]:
        """(candidate, provided version or None) of all that provide `name[:qualifier]` beside the real package.

        `:any` takes packages marked `Multi-Arch: allowed` only (the package itself too).
        """
        key = f"{name}:{qualifier}"
        found = self._providers.get(key)
        if found is None:
            if qualifier == "any":
                out = [(p, v) for p, v in self._provided(name) if p.multi_arch == "allowed"]
                real = self.candidate(name)
                if real is not None and real.multi_arch == "allowed":
                    out.append((real, real.version.text))
                out += self._provided(name + ":any")
            else:
                out = list(self._provided(name))
                if qualifier:
                    out += self._provided(key)
            found = self._providers[key] = tuple(out)
        return found

    def targets(self, relation: Relation) -> list[tuple[Package, str | None]]:
        """(candidate, version it answers with) of the real package, then of the providers; not yet checked."""
        qualifier = relation.qualifier
        if qualifier == "native":
            qualifier = self.architecture
        if qualifier not in ("", "any", self.architecture):
            return []
        out: list[tuple[Package, str | None]] = []
        if qualifier != "any":
            real = self.candidate(relation.name)
            if real is not None:
                out.append((real, real.version.text))
        out += self.providers(relation.name, qualifier)
        return out

    def solutions(self, relation: Relation) -> list[Package]:
        """Candidates that satisfy a relation; the list is not to be changed."""
        found = self._solutions.get(relation)
        if found is None:
            accepted = [package for package, version in self.targets(relation) if relation.accepts(version)]
            found = self._solutions[relation] = list({id(package): package for package in accepted}.values())
        return found

    def mention(self, name: str) -> tuple[int, ...]:
        """apt's number for a package, as a sort key: when it first meets the name, file after file."""
        found = self._mentions.get(name)
        if found is None:
            found = (len(self._indexes),)
            for number, (index, _) in enumerate(self._indexes):
                place = index.first_mention(name)
                if place is not None:
                    found = (number, *place)
                    break
            self._mentions[name] = found
        return found

    def compare(self, target: str, left: Package, right: Package, protected: set[str]) -> int:
        """Which of two solutions for a relation on `target` apt tries first (negative: left)."""
        for wish in (
            lambda p: p.name in protected,
            lambda p: p.name == target,
            lambda p: p.essential,
            lambda p: p.important,
        ):
            a, b = wish(left), wish(right)
            if a != b:
                return -1 if a else 1
        if left.rank != right.rank:
            return -1 if left.rank < right.rank else 1
        if left.name == right.name:
            return 0
        return -1 if self.mention(left.name) > self.mention(right.name) else 1


class _Walker:
    """The state of one resolution: what is marked for installation, ruled out, or fixed by a request."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.installed: dict[str, Package] = {}
        self.discarded: set[str] = set()
        self.protected: set[str] = set()

    # -- questions ------------------------------------------------------------

    def candidate(self, name: str) -> Package | None:
        return None if name in self.discarded else self.universe.candidate(name)

    def satisfied(self, relation: Relation) -> bool:
        return any(self.installed.get(package.name) is package for package in self.universe.solutions(relation))

    def possible(self, relation: Relation) -> list[Package]:
        return [p for p in self.universe.solutions(relation) if p.name not in self.discarded]

    def against(self, owner: Package, relation: Relation) -> list[Package]:
        """Candidates hit by a Conflicts or Breaks of `owner`, which never hits itself."""
        return [p for p in self.possible(relation) if p.name != owner.name]

    def conflict(self, owner: Package, relation: Relation) -> Package | None:
        """A marked package that `owner` does not go with."""
        for package in self.universe.solutions(relation):
            if package.name != owner.name and self.installed.get(package.name) is package:
                return package
        return None

    def broken(self, package: Package) -> bool:
        return any(not any(map(self.satisfied, group)) for group in package.depends) or any(
            self.conflict(package, relation) is not None for relation in package.conflicts
        )

    def sorted_solutions(self, group: Alternatives) -> list[Package]:
        out: list[Package] = []
        for relation in group:
            target = relation.name + (":" + relation.qualifier if relation.qualifier else "")
            found = self.possible(relation)
            if len(found) > 1:
                found.sort(
                    key=cmp_to_key(lambda a, b, t=target: self.universe.compare(t, a, b, self.protected))  # type: ignore[misc]  # mypy infers no bound defaults
                )
            out += [p for p in found if p.name in self.installed or p.name not in self.protected]
        unique: list[Package] = []
        for package in out:
            if not unique or unique[-1] is not package:
                unique.append(package)
        return unique

    # -- the walk -------------------------------------------------------------

    def mark(self, name: str, automatic: bool, from_user: bool) -> bool:
        """Mark a package for installation with (automatic) or without its dependencies."""
        # Generators on a list instead of recursion: chains are deeper than Python's stack allows.
        stack = [self._mark(name, automatic, from_user)]
        answer: bool | None = None
        while stack:
            try:
                request = next(stack[-1]) if answer is None else stack[-1].send(answer)
            except StopIteration as stop:
                stack.pop()
                answer = bool(stop.value)
                continue
            answer = None
            if len(stack) > _MAX_DEPTH:
                answer = False
            else:
                stack.append(self._mark(*request))
        return bool(answer)

    def _discard(self, name: str) -> None:
        self.installed.pop(name, None)
        self.discarded.add(name)

    def _mark(self, name: str, automatic: bool, from_user: bool) -> _Walk:
        was_protected = name in self.protected
        if not from_user and name not in self.installed and was_protected:
            return False
        package = self.candidate(name)
        if package is None:
            return False
        if not was_protected and name in self.installed and not self.broken(package):
            return True
        if automatic and not self._satisfiable(package):
            if not was_protected:
                self._discard(name)
            return False
        if from_user:
            self.installed[name] = package
        if not automatic:
            self.installed[name] = package
            return True
        fail_early = not was_protected and not from_user
        groups = [group for group in package.depends if was_protected or not any(map(self.satisfied, group))]
        removed_all = self._rule_out(package, was_protected, from_user)
        if not removed_all and fail_early:
            return False
        self.installed[name] = package
        self.protected.add(name)
        try:
            done = yield from self._install_dependencies(groups, was_protected, from_user)
        finally:
            if not was_protected:
                self.protected.discard(name)
        if not done and fail_early:
            self._discard(name)
        return done and removed_all

    def _satisfiable(self, package: Package) -> bool:
        return all(
            any(self.satisfied(relation) or self.possible(relation) for relation in group) for group in package.depends
        )

    def _rule_out(self, package: Package, protect: bool, from_user: bool) -> bool:
        """Unmark what the package conflicts with; False where that is fixed."""
        complete = True
        for relation in package.conflicts:
            if not protect and self.conflict(package, relation) is None:
                continue
            for other in self.against(package, relation):
                if other.name in self.installed:
                    if other.name in self.protected:
                        complete = False
                        if not protect and not from_user:
                            return False
                        continue
                    del self.installed[other.name]
                if protect:
                    self.discarded.add(other.name)
                    self.protected.add(other.name)
        return complete

    def _install_dependencies(self, groups: list[Alternatives], protect: bool, from_user: bool) -> _Walk:
        complete = True
        for group in groups:
            if any(map(self.satisfied, group)):
                if protect:
                    # What only one package can satisfy is as fixed as the request itself.
                    only = {p.name for relation in group for p in self.possible(relation)}
                    only = {n for n in only if n in self.installed or n not in self.protected}
                    if len(only) == 1 and not only <= self.protected:
                        (name,) = only
                        self.protected.add(name)
                        if not (yield name, True, False):
                            complete = False
                continue
            solutions = self.sorted_solutions(group)
            for package in solutions:
                if self.candidate(package.name) is not package:
                    continue
                if protect and len(solutions) == 1:
                    if not (yield package.name, False, False):
                        continue
                    self.protected.add(package.name)
                if (yield package.name, True, False):
                    break
            else:
                complete = False
                if not protect and not from_user:
                    return False
        return complete

    def repair(self, requested: Sequence[str]) -> None:
        """Walk again from what a later request's Conflicts have broken: another alternative may do."""
        for _ in range(_MAX_REPAIRS):
            broken = [package.name for package in self.installed.values() if self.broken(package)]
            before = set(self.installed)
            for name in broken:
                self.mark(name, automatic=True, from_user=name in requested)
            if not broken or before == set(self.installed):
                return

    def sweep(self, requested: Iterable[str]) -> None:
        """Drop what no longer belongs to anything: leftovers of alternatives that were tried and failed."""
        for follow_weak in (False, True):
            reached: set[str] = set()
            todo = [p for p in self.installed.values() if p.name in requested or p.essential or p.important]
            while todo:
                package = todo.pop()
                if package.name in reached:
                    continue
                reached.add(package.name)
                groups = package.depends + (package.recommends if follow_weak else ())
                for group in groups:
                    for relation in group:
                        for other in self.universe.solutions(relation):
                            if self.installed.get(other.name) is other and other.name not in reached:
                                todo.append(other)
            if len(reached) == len(self.installed):
                return
        self.installed = {name: p for name, p in self.installed.items() if name in reached}


def resolve(universe: Universe, requested: Sequence[str]) -> Resolution:
    """Everything that `apt-get install --no-install-recommends REQUESTED` would install on an empty system.

    Order matters to apt where packages offer alternatives; callers that want independence of it sort first.
    Raises ResolutionError: unknown package (with near names), or who needs what that cannot be had.
    """
    names = list(dict.fromkeys(_real_name(universe, name) for name in requested))
    walker = _Walker(universe)
    for name in names:
        walker.protected.add(name)
        walker.mark(name, automatic=False, from_user=True)
    for name in names:
        walker.mark(name, automatic=True, from_user=True)
    walker.repair(names)
    from rulesengine.debian.explanation import check_complete

    check_complete(universe, walker.installed, names)
    walker.sweep(set(names))
    packages = tuple(sorted(walker.installed.values(), key=lambda p: p.name))
    depends = {
        package.name: tuple(
            sorted(
                {
                    other.name
                    for group in package.depends
                    for relation in group
                    for other in universe.solutions(relation)
                    if walker.installed.get(other.name) is other and other.name != package.name
                }
            )
        )
        for package in packages
    }
    return Resolution(universe.architecture, tuple(names), packages, depends)


def select(universe: Universe, requested: Sequence[str]) -> Resolution:
    """The requested packages alone, without dependencies.  Raises ResolutionError for an unknown one."""
    names = sorted({_real_name(universe, name) for name in requested})
    packages = tuple(p for p in map(universe.candidate, names) if p is not None)
    return Resolution(universe.architecture, tuple(names), packages, dict.fromkeys(names, ()))


def _real_name(universe: Universe, name: str) -> str:
    """A requested name; a virtual package stands for its provider where there is just one, as in apt-get."""
    if universe.candidate(name) is not None:
        return name
    try:
        providers = sorted({package.name for package, _ in universe.providers(name, "")})
    except DebianError:
        providers = []
    if len(providers) == 1:
        return providers[0]
    if providers:
        raise ResolutionError(
            f"{name!r} is a virtual package ({universe.architecture}): choose one that provides it",
            hint="provided by " + " ".join(providers),
        )
    raise ResolutionError(
        f"no package {name!r} for {universe.architecture} in the suites of this archive",
        hint=did_you_mean(name, set(universe.names())) or "check the name, the suites and the components",
    )
