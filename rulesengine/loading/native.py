"""What a BUILD file says of its whole package: package(), exports_files(), licenses(), subpackages()."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rulesengine.errors import LoadingError, RulesEngineError, did_you_mean
from rulesengine.loading.glob import check_pattern, matches
from rulesengine.loading.package_builder import PackageBuilder
from rulesengine.model.label import check_target
from rulesengine.model.target import PUBLIC
from rulesengine.values import evolve

_ARGUMENTS = {
    "default_applicable_licenses": "list",
    "default_compatible_with": "list",
    "default_deprecation": "string",
    "default_hdrs_check": "string",
    "default_package_metadata": "list",
    "default_restricted_to": "list",
    "default_testonly": "bool",
    "default_visibility": "list",
    "features": "list",
    "licenses": "list",
    "transitive_visibility": "string",
}
"""The arguments of package() -> what they are."""
_EXPECTED = {"list": "a list of strings", "string": "a string", "bool": "True or False"}
_LICENSES = {"none", "permissive", "notice", "reciprocal", "by_exception_only", "restricted", "unencumbered"}


def check_arguments(what: str, given: dict[str, Any]) -> None:
    """Raise LoadingError for an argument that package() and REPO.bazel's repo() do not have, or of a wrong type."""
    for name, value in given.items():
        kind = _ARGUMENTS.get(name)
        if kind is None:
            raise LoadingError(
                f"{what} has no argument '{name}'",
                hint=did_you_mean(name, list(_ARGUMENTS)) or "it has: " + ", ".join(sorted(_ARGUMENTS)),
            )
        right = (
            isinstance(value, str)
            if kind == "string"
            else isinstance(value, (bool, int)) and value in (0, 1)
            if kind == "bool"
            else _strings(value)
        )
        if not right:
            raise LoadingError(f"{what}: '{name}' is {_EXPECTED[kind]}, not {value!r}")


def package(builder: PackageBuilder, given: dict[str, Any]) -> None:
    """package(): defaults of the targets of a package."""
    made = builder.package
    if not given:
        raise LoadingError("package() needs an argument", hint="take it away, or say what it is about")
    check_arguments("package()", given)
    if made.packages_called:
        raise LoadingError("package() may be called once in a BUILD file", hint="put all its arguments into one call")
    made.packages_called = True
    apply(builder, given)


def apply(builder: PackageBuilder, given: dict[str, Any]) -> None:
    """Set the defaults of a package, whose targets that are there already take the visibility too."""
    made = builder.package
    if "default_visibility" in given:
        made.default_visibility = builder.visibility(given["default_visibility"], None)
        for name, target in made.targets.items():
            maker = made.targets[target.generator.name] if target.generator is not None else target
            if target.kind in ("rule", "generated") and target.macro is None and "visibility" not in maker.attributes:
                made.targets[name] = evolve(target, visibility=made.default_visibility)
    made.default_testonly = bool(given.get("default_testonly", made.default_testonly))
    made.default_deprecation = given.get("default_deprecation", made.default_deprecation)
    made.default_features = tuple(given.get("features", made.default_features))


def exports_files(builder: PackageBuilder, files: Any, visibility: Any, licenses: Any, stack: str) -> None:
    """exports_files(): source files that other packages may use."""
    if not _strings(files):
        raise LoadingError("exports_files() takes a list of file names")
    if visibility is not None and not _strings(visibility):
        raise LoadingError(f"exports_files(visibility = …) is a list of labels, not {visibility!r}")
    if licenses is not None:
        check_licenses(licenses)
    shown = (PUBLIC,) if visibility is None else builder.visibility(visibility, None)
    made = builder.package
    for name in files:
        try:
            if ":" in name or name.startswith("/"):
                raise LoadingError(f"a file is named as it lies in the package, not {name!r}")
            check_target(name, name)
        except RulesEngineError as fault:
            raise LoadingError(f"exports_files(): {fault.message}", hint=fault.hint) from None
        if made.exported.get(name, shown) != shown:
            raise LoadingError(
                f"exports_files(): {name!r} is exported already, with another visibility",
                hint="export it once, to all who may use it",
            )
        other = made.targets.get(name)
        if other is not None and other.kind != "source":
            what = "an output of a rule" if other.kind == "generated" else "a target"
            raise LoadingError(
                f"exports_files(): {name!r} is {what} in this package, not a source file",
                hint=f"set the visibility of {other.generator or other.label}",
            )
        made.exported[name] = shown
        made.exported_at.setdefault(name, builder.place(stack)[0])


def check_licenses(values: Any) -> None:
    """Raise LoadingError unless these are types of licenses as Bazel knows them; nothing depends on them."""
    if not _strings(values):
        raise LoadingError(f"licenses() takes a list of strings, not {values!r}")
    for one in values:
        if one not in _LICENSES and not one.startswith("exception="):
            raise LoadingError(f"no such type of license: {one!r}", hint=did_you_mean(one, sorted(_LICENSES)))


def subpackages(
    builder: PackageBuilder,
    include: Any,
    exclude: Any,
    allow_empty: Any,
    packages: Callable[[str, str], list[str]],
) -> list[str]:
    """subpackages(): the packages right below this one, none of them inside of another, that match.

    packages: the names of all packages of a repository at or below one.
    """
    for name, value in (("include", include), ("exclude", exclude)):
        if not _strings(value):
            raise LoadingError(f"subpackages({name} = …) is a list of patterns, not {value!r}")
    if not isinstance(allow_empty, bool):
        raise LoadingError(f"subpackages(allow_empty = …) is True or False, not {allow_empty!r}")
    wanted = [check_pattern(pattern) for pattern in include]
    unwanted = [one.split("/") for one in exclude]
    here = builder.package
    prefix = here.name + "/" if here.name else ""
    direct: list[str] = []
    for name in packages(here.repo, here.name):
        below = name.removeprefix(prefix)
        if name != here.name and not any(below.startswith(f"{one}/") for one in direct):
            direct.append(below)
    found = [one for one in sorted(direct) if any(matches(pattern, one.split("/")) for pattern in wanted)]
    if not allow_empty:
        for text, pattern in zip(include, wanted, strict=True):
            if not any(matches(pattern, one.split("/")) for one in direct):
                raise LoadingError(
                    f"subpackages(): {json.dumps(text)} matches no package below {here.id}",
                    hint="write allow_empty = True where that is meant",
                )
    left = [one for one in found if not any(matches(pattern, one.split("/")) for pattern in unwanted)]
    if not left and not allow_empty:
        raise LoadingError(
            f"subpackages(): nothing is left below {here.id}", hint="write allow_empty = True where that is meant"
        )
    return left


def _strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
