"""Where we answer a question of everywhere.py otherwise than Bazel, and why; strict: what is none any more must go."""

from __future__ import annotations

_REASONS = {
    "genquery and py_library can be loaded here, not analysed": (
        "native_rules_of_languages/configured", "native_rules_of_languages/tools", "native_rules_of_languages/files",
    ),
    "of a target with a wrong attribute, Bazel keeps the other attributes": ("attr_values/declared",),
    "Bazel writes a repository that it does not know in words of its own": ("external_module/declared",),
    "Bazel does not show what package(default_deprecation) gives": ("package_attributes/declared",),
    "Bazel leaves a target with a dependency that does not load out of reverse dependencies": (
        "query_partial/users", "native_rules_of_languages/users",
    ),
    "bazel_skylib's write_file is one rule here, two in Bazel": ("skylib_rules/declared",),
}  # fmt: skip
KNOWN = {name: why for why, names in _REASONS.items() for name in names}
"""Reason by `CASE/QUESTION`."""
