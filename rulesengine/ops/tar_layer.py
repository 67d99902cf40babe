"""Operation `tar_layer`: described entries become a layer.

    tar_layer@V [--entry JSON [--source PATH]]… [--parents false] + the flags of layer_output

Entries are sorted by path, component by component, so that the order of a description does not change
the bytes and every directory comes before what lies in it.  The entries of archives follow in their own
order, then described hard links, whose targets are there by then.  Directories that lead to an entry and
that nothing describes are added (0755, root, time 0) unless `--parents false`.  Two entries of one path
are an error unless they are equal directories, which are written once.
"""

from __future__ import annotations

from rulesengine.archive.compress import COMPRESSORS_KEY
from rulesengine.archive.decompress import Decompressor
from rulesengine.archive.entry import DIRECTORY, HARDLINK, ROOT, Entry
from rulesengine.archive.tar import TarReader
from rulesengine.errors import ExecutionError
from rulesengine.model.operation import OpArguments, operation
from rulesengine.model.ports import OpContext
from rulesengine.ops.content import DIRECTORY_MODE, Archive, Item, described, resolve
from rulesengine.ops.layer_output import LayerOutput
from rulesengine.values import evolve


@operation("tar_layer", version="1+" + COMPRESSORS_KEY)
def tar_layer(context: OpContext) -> None:
    """Raises ExecutionError for descriptions that clash, ArchiveError, LimitError for archives."""
    arguments = OpArguments(context.arguments)
    descriptions = described(arguments.pairs("entry", "source"))
    parents = arguments.boolean("parents", True)
    output = LayerOutput(context, arguments)
    arguments.finish()

    items: dict[str, Item] = {}
    archives: list[Archive] = []
    for one in resolve(context, descriptions):
        if isinstance(one, Archive):
            archives.append(one)
            continue
        other = items.setdefault(one.entry.path, one)
        if other is not one and not (one.entry == other.entry and one.entry.type == DIRECTORY):
            raise _clash(one.entry.path, other.origin, one.origin)
    ordered = sorted(items.values(), key=_order)
    packing = _Packing(context, output, parents)
    with output:
        for item in ordered:
            if item.entry.type != HARDLINK:
                packing.add(item)
        for archive in archives:
            packing.add_archive(archive)
        for item in ordered:
            if item.entry.type == HARDLINK:
                packing.add_hard_link(item)


def _order(item: Item) -> list[str]:
    return [] if item.entry.path == ROOT else item.entry.path.split("/")


def _clash(path: str, one: str, other: str) -> ExecutionError:
    return ExecutionError(
        f"{path} is described twice: by {one} and by {other}",
        hint="give each path once; only equal directories may be repeated",
    )


class _Packing:
    """What lies in the layer so far: path -> (entry, origin)."""

    def __init__(self, context: OpContext, output: LayerOutput, parents: bool) -> None:
        self._context = context
        self._output = output
        self._parents = parents
        self._done: dict[str, tuple[Entry, str]] = {}
        self._added: set[str] = set()

    def add(self, item: Item) -> None:
        """Write a described entry; each path occurs once."""
        self._context.check()
        entry = item.entry
        self._reach(entry.path, item.origin)
        data = item.open(self._context)
        if isinstance(data, bytes):
            self._output.add(entry, data)
        else:
            with data:
                self._output.add(entry, data)
        self._done[entry.path] = (entry, item.origin)

    def add_hard_link(self, item: Item) -> None:
        """Write a described hard link; without a mode of its own it repeats its target's fields."""
        entry = item.entry
        if entry.path in self._done:
            raise _clash(entry.path, self._done[entry.path][1], item.origin)
        target = self._target(entry, item.origin)
        if not item.mode_given:
            entry = evolve(target, path=entry.path, type=HARDLINK, link=entry.link, size=0, xattrs=())
        self.add(evolve(item, entry=entry))

    def _target(self, entry: Entry, origin: str) -> Entry:
        there = self._done.get(entry.link)
        if there is None or there[0].type == DIRECTORY:
            raise ExecutionError(
                f"hard link {entry.path} ({origin}) points to {entry.link}, which is no file of this layer",
                hint="use a symbolic link, or describe the target too",
            )
        return there[0]

    def add_archive(self, archive: Archive) -> None:
        """Write the entries of an input archive below its prefix."""
        prefix = archive.prefix
        origin = f"archive {archive.source}"
        with self._context.open(archive.source) as stream:
            reader = TarReader(Decompressor(stream))
            for found in reader:
                entry = found
                if prefix != ROOT:
                    path = prefix if entry.path == ROOT else f"{prefix}/{entry.path}"
                    link = f"{prefix}/{entry.link}" if entry.type == HARDLINK else entry.link
                    entry = evolve(entry, path=path, link=link)
                earlier = self._done.get(entry.path)
                if earlier is not None and entry.path not in self._added:
                    if earlier[0] == entry and entry.type == DIRECTORY:
                        continue
                    raise _clash(entry.path, earlier[1], origin)
                if entry.path in self._added and entry.type != DIRECTORY:
                    raise _clash(entry.path, "what lies below it", origin)
                if entry.type == HARDLINK:
                    self._target(entry, origin)
                self._added.discard(entry.path)
                self._reach(entry.path, origin)
                if entry is found:
                    self._output.copy(entry, reader)
                else:
                    self._output.add(entry, reader)
                self._done[entry.path] = (entry, origin)

    def _reach(self, path: str, origin: str) -> None:
        """Add the directories that lead to `path`."""
        parent = path.rpartition("/")[0]
        missing: list[str] = []
        while parent:
            there = self._done.get(parent)
            if there is not None:
                if there[0].type != DIRECTORY:
                    raise ExecutionError(
                        f"{path} ({origin}) lies below {parent}, which is a {there[0].type} ({there[1]})",
                        hint="describe it at the path the link leads to" if there[0].type == "symlink" else None,
                    )
                break
            missing.append(parent)
            parent = parent.rpartition("/")[0]
        if not self._parents:
            return
        for directory in reversed(missing):
            entry = Entry(directory, DIRECTORY, DIRECTORY_MODE)
            self._output.add(entry)
            self._done[directory] = (entry, "what lies below it")
            self._added.add(directory)
