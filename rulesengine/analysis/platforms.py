"""From `--platforms` and platform targets to configurations, and back to constraint values."""

from __future__ import annotations

from rulesengine.errors import AnalysisError, Location, did_you_mean
from rulesengine.loading import Loader
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration, Platform
from rulesengine.model.target import Target, labels_of

_CPU = {
    ("386", ""): "x86_32",
    ("amd64", ""): "x86_64",
    ("arm", "v5"): "aarch32",
    ("arm", "v6"): "aarch32",
    ("arm", "v7"): "armv7",
    ("arm64", "v8"): "aarch64",
    ("mips64le", ""): "mips64",
    ("ppc64le", ""): "ppc64le",
    ("riscv64", ""): "riscv64",
    ("s390x", ""): "s390x",
    ("wasm", ""): "wasm32",
}
_OS = {"darwin": "osx"}
_ARCHITECTURE = {
    "x86_32": ("386", ""),
    "x86_64": ("amd64", ""),
    "aarch32": ("arm", "v6"),
    "armv7": ("arm", "v7"),
    "aarch64": ("arm64", "v8"),
    "mips64": ("mips64le", ""),
    "ppc64le": ("ppc64le", ""),
    "riscv64": ("riscv64", ""),
    "s390x": ("s390x", ""),
    "wasm32": ("wasm", ""),
}
UNKNOWN = "unknown"
"""The operating system or architecture of a platform whose constraint values do not tell."""
SHIPPED_PACKAGE = "@rulesengine//platforms"


def configuration(platform: Platform, settings: tuple[tuple[str, str], ...] = ()) -> Configuration:
    """The configuration of a platform given as OS/ARCHITECTURE[/VARIANT]."""
    constraints = [f"@platforms//os:{_OS.get(platform.os, platform.os)}"]
    cpu = _CPU.get((platform.architecture, platform.variant)) or _CPU.get((platform.architecture, ""))
    if cpu:
        constraints.append(f"@platforms//cpu:{cpu}")
    return Configuration(platform, "", tuple(sorted(constraints)), settings)


def follow(loader: Loader, label: Label, place: Location | None = None) -> Target:
    """A target, through aliases that have no select()."""
    target = loader.target(label, place)
    for _ in range(100):
        if target.rule_name != "alias" or not isinstance(target.attributes.get("actual"), str):
            break
        target = loader.target(Label.parse(target.attributes["actual"]), target.location)
    return target


def constraints_of(loader: Loader, target: Target, depth: int = 0) -> dict[str, str]:
    """The constraint values of a platform target by setting, its parents' included."""
    if depth > 50:
        raise AnalysisError(f"platform {target.label} has too many parents", location=target.location)
    out: dict[str, str] = {}
    own: dict[str, Label] = {}
    parents = list(labels_of("label_list", target.attributes.get("parents")))
    if len(parents) > 1:
        raise AnalysisError(f"platform {target.label} has several parents; one is allowed", location=target.location)
    for parent in parents:
        out.update(constraints_of(loader, follow(loader, parent), depth + 1))
    for label in labels_of("label_list", target.attributes.get("constraint_values")):
        value = follow(loader, label)
        if value.rule_name != "constraint_value":
            raise AnalysisError(
                f"{label} is a {value.rule_name}, not a constraint_value", label=target.label, location=target.location
            )
        setting = str(follow(loader, Label.parse(value.attributes["constraint_setting"])).label)
        other = own.setdefault(setting, value.label)
        if other != value.label:
            raise AnalysisError(
                f"platform {target.label} has two values of {setting}: {other} and {value.label}",
                location=target.location,
                hint="take one of the two away",
            )
        out[setting] = str(value.label)
    return out


def platform_of(loader: Loader, text: str, settings: tuple[tuple[str, str], ...] = ()) -> Configuration:
    """The configuration that `--platforms=text` or a transition asks for: an OCI platform or a label.

    Raises UsageError, AnalysisError.
    """
    if not text.startswith(("//", "@", ":")):
        return configuration(Platform.parse(text), settings)
    target = follow(loader, loader.label(text))
    if target.rule_name != "platform":
        raise AnalysisError(
            f"{text} is a {target.rule_name}, not a platform",
            location=target.location,
            hint=did_you_mean(text, [f"{SHIPPED_PACKAGE}:linux_{name}" for name in ("amd64", "arm64", "arm_v7")]),
        )
    found = constraints_of(loader, target)
    os = next((v.rpartition(":")[2] for k, v in found.items() if k == "@platforms//os:os"), "")
    cpu = next((v.rpartition(":")[2] for k, v in found.items() if k == "@platforms//cpu:cpu"), "")
    architecture, variant = _ARCHITECTURE.get(cpu, (cpu or UNKNOWN, ""))
    variant = target.attributes.get("variant") or variant
    platform = Platform("darwin" if os == "osx" else os or UNKNOWN, architecture, variant)
    plain = configuration(platform, settings)
    constraints = tuple(sorted(found.values()))
    if constraints == plain.constraints:
        return plain
    return Configuration(platform, str(target.label), constraints, settings)
