"""Repositories: the main workspace, the modules that ship with the engine, and local overrides."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

from rulesengine.errors import LoadingError, Location, NoSuchPackageError, SyntaxFault, did_you_mean
from rulesengine.loading.python_tree import python_tree
from rulesengine.loading.well_known import advice, purpose
from rulesengine.values import field, frozen

MODULE_FILE = "MODULE.bazel"
BUILD_FILES = ("BUILD.bazel", "BUILD")
_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHIPPED = {
    "rulesengine": os.path.join(_HOME, "rules"),
    "platforms": os.path.join(_HOME, "modules", "platforms"),
    "rules_shell": os.path.join(_HOME, "modules", "rules_shell"),
    "bazel_skylib": os.path.join(_HOME, "modules", "bazel_skylib"),
    "bazel_tools": os.path.join(_HOME, "modules", "bazel_tools"),
}
"""Modules that every workspace may load from, whether or not MODULE.bazel names them."""


@frozen
class Repositories:
    """Names of repositories and the directories they live in.

    unknown: names that MODULE.bazel brings in from modules or extensions we do not have, and who
        declares them; they fail when something needs them.
    toolchains, execution_platforms: the patterns that MODULE.bazel registers, in order, then those of other modules.
    files: the MODULE.bazel files of other modules that were looked at.
    """

    root: str
    module_name: str = ""
    module_version: str | None = None
    roots: dict[str, str] = field(factory=dict)
    unknown: dict[str, str] = field(factory=dict)
    toolchains: tuple[tuple[str, Location], ...] = ()
    execution_platforms: tuple[tuple[str, Location], ...] = ()
    files: tuple[str, ...] = ()

    def canonical(self, repo: str) -> str:
        """The main module's own name is the empty repository."""
        return "" if repo in (self.module_name, "_main") else repo

    def directory(self, repo: str) -> str:
        """The directory of a repository.  Raises NoSuchPackageError with near names."""
        repo = self.canonical(repo)
        if not repo:
            return self.root
        found = self.roots.get(repo)
        if found is not None:
            return found
        if repo in self.unknown:
            raise NoSuchPackageError(
                f"repository @{repo}{purpose(repo)} comes from {self.unknown[repo]} in {MODULE_FILE}, which is not"
                " available here: nothing is downloaded",
                hint=advice(repo)
                or f"point to a copy with local_path_override(module_name = {repo!r}, path = …) in {MODULE_FILE}",
            )
        hint = advice(repo)
        if hint is not None:
            raise NoSuchPackageError(
                f"no repository @{repo}{purpose(repo)}: pybuild brings none of it, and downloads nothing", hint=hint
            )
        raise NoSuchPackageError(
            f"no repository @{repo}",
            hint=did_you_mean("@" + repo, ["@" + name for name in (*self.roots, *self.unknown)])
            or "known: " + ", ".join("@" + name for name in sorted(self.roots)),
        )

    def mapping(self, repos: set[str]) -> str:
        """The `_repo_mapping` of a runfiles tree with files of these repositories: `WHO,NAME,DIRECTORY` lines."""
        lines = [f"{who},{repo},{repo}\n" for repo in repos if repo for who in ("", *repos) if who == repo or not who]
        if "" in repos:
            lines.append(f",{self.module_name},_main\n")
        return "".join(sorted(set(lines)))

    def exec_prefix(self, repo: str) -> str:
        """Where a repository's files lie in the execution root: empty, or `external/REPO/`."""
        repo = self.canonical(repo)
        return f"external/{repo}/" if repo else ""


def read_repositories(root: str) -> Repositories:
    """Read MODULE.bazel.  It is data here: calls with literal arguments; what it names and we do not
    know is kept for when it is needed.  Raises SyntaxFault, LoadingError."""
    tree = _tree(os.path.join(root, MODULE_FILE), MODULE_FILE)
    name, version = "", None
    roots, unknown, extensions = dict(SHIPPED), {}, {}
    registered: Registered = {"register_toolchains": [], "register_execution_platforms": []}
    wanted: list[str] = []
    overridden: dict[str, str] = {}
    for statement in tree.body:
        call = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        positional = [_literal(one) for one in call.args]
        named = {one.arg: _literal(one.value) for one in call.keywords if one.arg}
        kind = call.func.id
        if kind == "module":
            name = str(named.get("repo_name") or named.get("name") or "")
            version = str(named.get("version") or "") if name else None
        elif kind == "bazel_dep":
            dependency = str(named.get("name", positional[0] if positional else ""))
            alias = str(named.get("repo_name") or dependency)
            wanted.append(dependency)
            if dependency in SHIPPED:
                roots.setdefault(alias, SHIPPED[dependency])
            elif alias:
                unknown[alias] = f"bazel_dep(name = {dependency!r})"
        elif kind in ("local_path_override", "local_repository"):
            module = str(named.get("module_name", named.get("name", "")))
            where = os.path.join(root, str(named.get("path", "")))
            if not os.path.isdir(where):
                raise LoadingError(
                    f"{kind}: path {named.get('path', '')!r} is not a directory",
                    location=Location(MODULE_FILE, call.lineno, call.col_offset + 1),
                )
            roots[module] = overridden[module] = where
        elif kind in registered:
            _register(registered, call, MODULE_FILE)
        elif kind == "use_extension" and isinstance(statement, ast.Assign) and positional:
            target = statement.targets[0]
            if isinstance(target, ast.Name):
                extensions[target.id] = f"use_extension({', '.join(repr(one) for one in positional)})"
        elif kind == "use_repo":
            first = call.args[0] if call.args else None
            source = extensions.get(first.id, "an extension") if isinstance(first, ast.Name) else "an extension"
            for one in [*positional[1:], *named]:
                unknown[str(one)] = source
    for alias in list(unknown):
        if alias in roots:
            del unknown[alias]
    files = _registered_elsewhere(wanted, {**SHIPPED, **overridden}, registered)
    toolchains, platforms = (tuple(one) for one in registered.values())
    return Repositories(root, name, version, roots, unknown, toolchains, platforms, tuple(files))


Registered = dict[str, list[tuple[str, Location]]]
"""`register_toolchains`, `register_execution_platforms` -> patterns and where they stand."""


def _tree(path: str, shown: str) -> ast.Module:
    """The statements of a MODULE.bazel; none where it is not there.  Raises SyntaxFault, LoadingError."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as fault:
        raise LoadingError(f"cannot read {shown}: {fault}", location=Location(shown)) from None
    try:
        return python_tree(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        line, column = getattr(fault, "lineno", 0) or 0, getattr(fault, "offset", 0) or 0
        lines = text.split("\n")
        excerpt = f"{line:>4} | {lines[line - 1]}\n{' ' * (6 + column)}^" if 0 < line <= len(lines) else ""
        raise SyntaxFault(
            f"{shown} does not parse: {getattr(fault, 'msg', fault)}",
            location=Location(shown, line, column, excerpt),
        ) from None


def _register(registered: Registered, call: ast.Call, shown: str, repo: str = "") -> None:
    """Add what one register_…() call names; `repo`: whose file it is."""
    place = Location(shown, call.lineno, call.col_offset + 1)
    assert isinstance(call.func, ast.Name)
    for one in map(_literal, call.args):
        if isinstance(one, str):
            text = one if not repo or one.startswith("@") else f"@{repo}{'//' * (not one.startswith('//'))}{one}"
            registered[call.func.id].append((text, place))


def _registered_elsewhere(wanted: list[str], modules: dict[str, str], registered: Registered) -> list[str]:
    """Add what other modules register, of those that are there the nearest first; the files that were looked at."""
    files: list[str] = []
    waiting = list(dict.fromkeys(one for one in wanted if one in modules))
    for module in waiting:  # which grows
        path = os.path.join(modules[module], MODULE_FILE)
        files.append(path)
        for statement in _tree(path, f"@{module}//{MODULE_FILE}").body:
            call = statement.value if isinstance(statement, ast.Expr) else None
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            named = {one.arg: _literal(one.value) for one in call.keywords if one.arg}
            if named.get("dev_dependency"):
                continue  # of the main module only
            if call.func.id in registered:
                _register(registered, call, f"@{module}//{MODULE_FILE}", module)
            elif call.func.id == "bazel_dep":
                other = str(named.get("name") or (_literal(call.args[0]) if call.args else ""))
                if other in modules and other not in waiting:
                    waiting.append(other)
    return files


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
