"""A layered layout: dependents on the left, dependencies on the right.

Layers by longest paths, order within a layer by barycentres, heights by least squares with a distance kept (the
methods of Sugiyama, Tagawa and Toda, with pool-adjacent-violators for the last step).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from rulesengine.values import define, field

_GAP_X = 56.0
_GAP_Y = 12.0
_THIN = 10.0
"""What a line that passes through a layer takes of its height."""
_SWEEPS = 12
_MOST_PASSING = 20_000

_Key = Hashable


@define
class Layout:
    """places: left middle of each node.  lines: the points of each edge.  width, height: of all."""

    places: dict[str, tuple[float, float]]
    lines: dict[tuple[str, str], list[tuple[float, float]]]
    width: float
    height: float


@define
class _Layers:
    """order: the nodes and passing lines of each layer, top to bottom.  left, right: neighbours in the next layers."""

    order: list[list[_Key]] = field(factory=list)
    left: dict[_Key, list[_Key]] = field(factory=dict)
    right: dict[_Key, list[_Key]] = field(factory=dict)


def layered(
    nodes: Sequence[str], edges: Sequence[tuple[str, str]], widths: Mapping[str, float], height: float
) -> Layout:
    """Lay out a graph without cycles (edges that would close one are drawn backwards)."""
    ranks = _ranks(nodes, edges)
    layers, paths = _layers(nodes, edges, ranks)
    for sweep in range(_SWEEPS):
        _order(layers, leftwards=sweep % 2 == 1)
    rows = _heights(layers, height)
    columns: list[float] = []
    x = 0.0
    for layer in layers.order:
        columns.append(x)
        x += max((widths[key] for key in layer if isinstance(key, str)), default=0.0) + _GAP_X
    top = min(rows.values(), default=0.0) - height / 2
    places = {name: (columns[ranks[name]], rows[name] - top) for name in nodes}
    lines = {}
    for edge, path in paths.items():
        start, end = edge
        points = [(places[start][0] + widths[start], places[start][1])]
        for key in path:
            rank = key[2]
            right = columns[rank + 1] - _GAP_X if rank + 1 < len(columns) else columns[rank]
            points += [(columns[rank], rows[key] - top), (right, rows[key] - top)]
        points.append((places[end][0], places[end][1]))
        lines[edge] = points
    bottom = max((place[1] for place in places.values()), default=0.0) + height / 2
    bottom = max([bottom, *(point[1] for points in lines.values() for point in points)])
    return Layout(places, lines, max(x - _GAP_X, 0.0), bottom)


def _ranks(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The longest path that leads to each node; then each is drawn as near to what needs it as it can be."""
    below: dict[str, list[str]] = {name: [] for name in nodes}
    waiting = dict.fromkeys(nodes, 0)
    for start, end in edges:
        below[start].append(end)
        waiting[end] += 1
    ranks = dict.fromkeys(nodes, 0)
    ready = [name for name in nodes if not waiting[name]]
    done: list[str] = []
    left = dict(waiting)
    while len(done) < len(nodes):
        if not ready:  # a circle: begin it somewhere
            ready = [next(name for name in nodes if left[name] > 0)]
            left[ready[0]] = 0
        name = ready.pop()
        done.append(name)
        for other in below[name]:
            if left[other] > 0:
                ranks[other] = max(ranks[other], ranks[name] + 1)
                left[other] -= 1
                if not left[other]:
                    ready.append(other)
    return ranks


def _layers(
    nodes: Sequence[str], edges: Sequence[tuple[str, str]], ranks: Mapping[str, int]
) -> tuple[_Layers, dict[tuple[str, str], list[tuple[str, str, int]]]]:
    """Nodes by layer, and for edges over several layers what passes through those in between."""
    layers = _Layers([[] for _ in range(max(ranks.values(), default=-1) + 1)])
    for name in nodes:
        layers.order[ranks[name]].append(name)
        layers.left[name], layers.right[name] = [], []
    passing = sum(max(ranks[end] - ranks[start] - 1, 0) for start, end in edges)
    paths: dict[tuple[str, str], list[tuple[str, str, int]]] = {}
    for start, end in dict.fromkeys(edges):
        path: list[tuple[str, str, int]] = []
        if passing <= _MOST_PASSING:
            path = [(start, end, rank) for rank in range(ranks[start] + 1, ranks[end])]
        paths[start, end] = path
        before: _Key = start
        for key in (*path, end):
            if key not in layers.left:
                layers.left[key], layers.right[key] = [], []
                layers.order[key[2]].append(key)  # type: ignore[index]  # keys of this kind have three parts
            layers.right[before].append(key)
            layers.left[key].append(before)
            before = key
    return layers, paths


def _order(layers: _Layers, *, leftwards: bool) -> None:
    """Sort each layer by the mean place of its neighbours in the layer before."""
    sequence = range(len(layers.order) - 2, -1, -1) if leftwards else range(1, len(layers.order))
    neighbours = layers.right if leftwards else layers.left
    for rank in sequence:
        layer = layers.order[rank]
        other = layers.order[rank + 1 if leftwards else rank - 1]
        places = {key: place for place, key in enumerate(other)}
        means = {}
        for place, key in enumerate(layer):
            found = [places[one] for one in neighbours[key] if one in places]
            means[key] = sum(found) / len(found) if found else place * len(other) / max(len(layer), 1)
        layer.sort(key=lambda key: means[key])


def _heights(layers: _Layers, height: float) -> dict[_Key, float]:
    """Where each is from top to bottom: near its neighbours, with a distance kept."""
    rows: dict[_Key, float] = {}
    for layer in layers.order:
        y = 0.0
        for key in layer:
            rows[key] = y
            y += _step(key, height)
        shift = y / 2
        for key in layer:
            rows[key] -= shift
    for sweep in range(_SWEEPS):
        leftwards = sweep % 2 == 0
        sequence = reversed(layers.order) if leftwards else iter(layers.order)
        for layer in sequence:
            wanted = []
            for key in layer:
                near = (layers.right if leftwards else layers.left)[key] or (
                    layers.left if leftwards else layers.right
                )[key]
                if sweep >= _SWEEPS - 2:
                    near = layers.left[key] + layers.right[key]
                wanted.append(sum(rows[one] for one in near) / len(near) if near else rows[key])
            for key, y in zip(layer, _spaced(layer, wanted, height), strict=True):
                rows[key] = y
    return rows


def _step(key: _Key, height: float) -> float:
    return height + _GAP_Y if isinstance(key, str) else _THIN


def _spaced(layer: Sequence[_Key], wanted: Sequence[float], height: float) -> list[float]:
    """The places nearest to the wanted ones that keep order and distance (pool adjacent violators)."""
    offsets = []
    at = 0.0
    for number, key in enumerate(layer):
        if number:
            at += (_step(layer[number - 1], height) + _step(key, height)) / 2
        offsets.append(at)
    blocks: list[tuple[float, int]] = []
    for number, place in enumerate(wanted):
        total, count = place - offsets[number], 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            more, others = blocks.pop()
            total, count = total + more, count + others
        blocks.append((total, count))
    out: list[float] = []
    for total, count in blocks:
        for _ in range(count):
            out.append(total / count + offsets[len(out)])
    return out


__all__ = ["Layout", "layered"]
