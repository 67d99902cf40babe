"""Picture: a graph of targets or of actions, laid out in layers, as SVG, HTML, DOT or JSON."""

from __future__ import annotations

import html
import itertools
import json
from collections.abc import Mapping, Sequence
from importlib import resources

from rulesengine.errors import UsageError, did_you_mean
from rulesengine.values import frozen
from rulesengine.workspace.layered import Layout, layered

FORMS = ("svg", "html", "dot", "json")

_HEIGHT = 24.0
_CHARACTER = 6.7
"""Width of a character of the 11 pixel monospaced font, rounded up."""
_FONTS = "DejaVu Sans Mono, Menlo, Consolas, ui-monospace, monospace"
_LONGEST = 60
_COLOURS = ("#d7e8f7", "#fbe3c6", "#d9efd5", "#f3d5df", "#e4dcf3", "#fdf3bf", "#cfeeed", "#ead9cc")
_PLAIN = {"source file": "#f4f4f4", "generated file": "#ffffff"}
_MARGIN = 24.0
_LEGEND = 26.0


@frozen
class Node:
    """name: unique.  text: what is shown.  kind: decides the colour.  detail: more, for a tooltip."""

    name: str
    text: str
    kind: str
    detail: str = ""


@frozen
class Picture:
    """nodes in order, and (name, name) edges from what depends to what it depends on.  title: what it is of."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]

    def render(self, form: str) -> str:
        """The picture in one of FORMS.  Raises UsageError for another."""
        if form == "svg":
            return self.svg()
        if form == "html":
            return self.html()
        if form == "dot":
            return self.dot()
        if form == "json":
            return self.json()
        raise UsageError(f"unknown output {form!r}", hint=did_you_mean(form, FORMS) or "one of " + " ".join(FORMS))

    def svg(self) -> str:
        """A file of its own."""
        layout = layered(
            [one.name for one in self.nodes],
            self.edges,
            {one.name: _width(one) for one in self.nodes},
            _HEIGHT,
        )
        colours = self._colours()
        legend, wide = _legend(colours)
        width = max(layout.width, wide) + 2 * _MARGIN
        height = layout.height + 2 * _MARGIN + (_LEGEND if legend else 0)
        lines = [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
                f'viewBox="0 0 {width:.0f} {height:.0f}" '
                f'font-family="{_FONTS}" font-size="11">'
            ),
            f"<title>{html.escape(self.title)}</title>",
            '<rect class="back" width="100%" height="100%" fill="#ffffff"/>',
            (
                '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
                'orient="auto"><path d="M0 0.8 L7.5 4 L0 7.2 z" fill="#8a94a0"/></marker></defs>'
            ),
            f'<g class="legend" transform="translate({_MARGIN:.0f} {_MARGIN / 2:.0f})">{legend}</g>',
            f'<g class="all" transform="translate({_MARGIN:.0f} {_MARGIN + (_LEGEND if legend else 0):.0f})">',
        ]
        lines += self._lines_of(layout)
        lines += [_box(one, layout, colours[one.kind]) for one in self.nodes]
        return "\n".join([*lines, "</g>", "</svg>"]) + "\n"

    def _lines_of(self, layout: Layout) -> list[str]:
        numbers = {one.name: number for number, one in enumerate(self.nodes)}
        return [
            f'<path class="edge" data-from="{numbers[start]}" data-to="{numbers[end]}" d="{_curve(points)}" '
            'fill="none" stroke="#aab3bd" stroke-width="1" marker-end="url(#arrow)"/>'
            for (start, end), points in layout.lines.items()
        ]

    def html(self) -> str:
        """A page of its own, to pan, zoom and search."""
        page = resources.files("rulesengine.workspace").joinpath("picture.html").read_text(encoding="utf-8")
        return page.replace("{{title}}", html.escape(self.title)).replace("{{svg}}", self.svg())

    def dot(self) -> str:
        """For Graphviz."""
        colours = self._colours()
        lines = [
            "digraph {",
            '  rankdir="LR"; node [shape="box", style="filled", fontname="monospace", fontsize="10"];',
        ]
        for one in self.nodes:
            lines.append(
                f"  {_quoted(one.name)} [label={_quoted(one.text)}, fillcolor={_quoted(colours[one.kind])}, "
                f"tooltip={_quoted(one.kind)}];"
            )
        lines += [f"  {_quoted(start)} -> {_quoted(end)};" for start, end in self.edges]
        return "\n".join([*lines, "}"]) + "\n"

    def json(self) -> str:
        """Nodes and edges."""
        return (
            json.dumps(
                {
                    "title": self.title,
                    "nodes": [
                        {"name": one.name, "text": one.text, "kind": one.kind}
                        | ({"detail": one.detail} if one.detail else {})
                        for one in self.nodes
                    ],
                    "edges": [{"from": start, "to": end} for start, end in self.edges],
                },
                indent=2,
                ensure_ascii=False,
            )
            + "\n"
        )

    def _colours(self) -> Mapping[str, str]:
        kinds = sorted({one.kind for one in self.nodes} - set(_PLAIN))
        chosen = {kind: _COLOURS[number % len(_COLOURS)] for number, kind in enumerate(kinds)}
        return chosen | {kind: colour for kind, colour in _PLAIN.items() if any(n.kind == kind for n in self.nodes)}


def _shown(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST // 2 - 1]}…{text[-_LONGEST // 2 :]}"


def _width(one: Node) -> float:
    return len(_shown(one.text)) * _CHARACTER + 16


def _box(one: Node, layout: Layout, colour: str) -> str:
    x, y = layout.places[one.name]
    dashes = ' stroke-dasharray="3 2"' if one.kind == "generated file" else ""
    tip = html.escape("\n".join(part for part in (one.text, one.kind, one.detail) if part))
    return (
        f'<g class="node" data-name="{html.escape(one.text)}" transform="translate({x:.1f} {y - _HEIGHT / 2:.1f})">'
        f"<title>{tip}</title>"
        f'<rect width="{_width(one):.1f}" height="{_HEIGHT:.0f}" rx="4" fill="{colour}" stroke="#7d8792"{dashes}/>'
        f'<text x="8" y="{_HEIGHT / 2 + 4:.0f}" fill="#1c2127">{html.escape(_shown(one.text))}</text></g>'
    )


def _curve(points: Sequence[tuple[float, float]]) -> str:
    out = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if abs(y0 - y1) < 0.5:
            out += f" L{x1:.1f} {y1:.1f}"
        else:
            middle = (x0 + x1) / 2
            out += f" C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"
    return out


def _legend(colours: Mapping[str, str]) -> tuple[str, float]:
    if len(colours) < 2 or len(colours) > 24:
        return "", 0.0
    out = ""
    x = 0.0
    for kind, colour in colours.items():
        out += (
            f'<rect x="{x:.1f}" width="12" height="12" rx="2" fill="{colour}" stroke="#7d8792"/>'
            f'<text x="{x + 17:.1f}" y="10" fill="#4a525b">{html.escape(kind)}</text>'
        )
        x += 17 + len(kind) * _CHARACTER + 18
    return out, x


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


__all__ = ["FORMS", "Node", "Picture"]
