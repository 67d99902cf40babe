"""TargetPattern: what stands for targets on a command line, as Bazel spells it."""

from __future__ import annotations

from rulesengine.errors import LabelError
from rulesengine.model.label import Label, check_package
from rulesengine.values import frozen

_RULES = ("all", "all-rules")
_EVERYTHING = ("*", "all-targets")


@frozen
class TargetPattern:
    """One pattern.

    kind: `single`, `package` (`//a:all`, `//a:*`) or `recursive` (`//a/...`).
    files: wildcards that take files too (`:*`, `:all-targets`).
    ambiguous: written without a colon (`//a:all` may be a target called `all`; it wins when it exists).
    """

    text: str
    kind: str
    repo: str
    package: str
    name: str = ""
    files: bool = False
    negative: bool = False

    @staticmethod
    def parse(text: str, package: str = "") -> TargetPattern:
        """Parse a pattern written in the directory of `package`.  Raises LabelError."""
        raw = text
        negative = text.startswith("-")
        if negative:
            text = text[1:]
        if not text:
            raise LabelError("a target pattern is empty", hint="write for instance //base:static or //...")
        repo = ""
        if text.startswith("@"):
            name_of_repo, slashes, rest = text.lstrip("@").partition("//")
            if not slashes:
                label = Label.parse(text)
                return TargetPattern(raw, "single", label.repo, label.package, label.name, negative=negative)
            repo, text = name_of_repo, "//" + rest
        if not text.startswith("//"):
            if text.startswith("/"):
                raise LabelError(f"bad target pattern {raw!r}: it starts with one '/'", hint=f"write '/{text}'")
            if text.startswith(":"):
                text = f"//{package}{text}"
            elif ":" in text or text == "..." or text.endswith("/..."):
                text = f"//{package}/{text}" if package else f"//{text}"
            else:
                return TargetPattern(raw, "single", repo, package, text, negative=negative)
        path, colon, name = text[2:].partition(":")
        if path == "..." or path.endswith("/..."):
            path = path[:-3].rstrip("/")
            check_package(path, raw)
            if colon and name not in (*_RULES, *_EVERYTHING):
                raise LabelError(f"bad target pattern {raw!r}: after '...' only :all, :all-targets or :* may follow")
            return TargetPattern(raw, "recursive", repo, path, files=name in _EVERYTHING, negative=negative)
        if "..." in path.split("/"):
            raise LabelError(f"bad target pattern {raw!r}: '...' stands only at the end", hint="write //a/...")
        if name in (*_RULES, *_EVERYTHING):
            check_package(path, raw)
            return TargetPattern(raw, "package", repo, path, name, name in _EVERYTHING, negative)
        label = Label.parse(("@" + repo if repo else "") + text)
        return TargetPattern(raw, "single", label.repo, label.package, label.name, negative=negative)
