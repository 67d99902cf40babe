"""A reference as Markdown; `pybuild docs` and scripts/reference both write it with this."""

from __future__ import annotations

import ast

from rulesengine.reference.entries import Attribute, Entry, FileReference

_TITLES = (
    ("Rules", ("rule",)),
    ("Macros", ("macro",)),
    ("Functions", ("function",)),
    ("Aspects", ("aspect",)),
    ("Providers", ("provider",)),
)


def markdown(files: list[FileReference]) -> str:
    """A page: files in their order, in each what it offers by kind and name."""
    out: list[str] = []
    for file in files:
        out += [f"# {file.label}", ""]
        if file.doc:
            out += [file.doc, ""]
        names = sorted(one.name for one in file.entries)
        if names:
            out += ["```starlark", f"load({', '.join(_quoted(one) for one in (str(file.label), *names))})", "```", ""]
        for title, kinds in _TITLES:
            entries = file.of(*kinds)
            if entries:
                out += [f"## {title}", ""]
                for entry in entries:
                    out += entry_lines(entry)
    return "\n".join(out).rstrip("\n") + "\n"


def entry_lines(entry: Entry) -> list[str]:
    """One name's section, with an empty line at the end."""
    out = [f"### {entry.name}", ""]
    if entry.signature:
        out += [f"    {entry.signature}", ""]
    if entry.doc or entry.kind in ("rule", "provider"):
        out += [entry.doc, ""]
    if entry.deprecated:
        out += [f"**Deprecated**: {entry.deprecated}", ""]
    if entry.edges:
        out += ["Goes along " + ", ".join(f"`{one}`" for one in entry.edges) + ".", ""]
    if entry.kind == "provider":
        if entry.attributes:
            out += ["| field | meaning |", "|---|---|"]
            out += [f"| `{one.name}` | {_cell(one.doc)} |" for one in entry.attributes] + [""]
    elif entry.kind == "function":
        if any(one.doc for one in entry.attributes):
            out += ["| argument | meaning |", "|---|---|"]
            out += [f"| `{one.name}` | {_cell(one.doc)} |" for one in entry.attributes] + [""]
        if entry.returns:
            out += [f"Returns {entry.returns[0].lower()}{entry.returns[1:]}", ""]
    elif entry.kind != "aspect" or entry.attributes:
        out += ["| attribute | kind | default | meaning |", "|---|---|---|---|"]
        if entry.kind != "aspect":
            out.append("| `name` | string | | Name of the target. |")
        out += [_attribute(one) for one in entry.attributes] + [""]
    return out


def _attribute(one: Attribute) -> str:
    kind = one.kind + (", mandatory" if one.mandatory else "")
    text = one.doc
    if one.values:
        text += " One of " + ", ".join(f"`{value}`" for value in one.values) + "."
    return f"| `{one.name}` | {kind} | {_default(one.default)} | {_cell(text)} |"


def _default(text: str | None) -> str:
    if text is None:
        return ""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = None
    return f"`{_quoted(value)}`" if isinstance(value, str) else f"`{text}`"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
