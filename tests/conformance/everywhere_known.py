"""Where we answer a question of everywhere.py otherwise than Bazel, and why; strict: what is none any more must go."""

from __future__ import annotations

_REASONS = {
    "Bazel's cquery does not find a target by its name whose own transition leads on from where it has led": (
        "doc_configurations/configured", "label_flags/configured", "label_flags/actions",
    ),
    "Bazel's sh_binary brings a launcher for Windows along, a C++ program for which it looks at toolchains once more": (
        "doc_toolchains/configured",
    ),
    "rules for languages, and genquery, can be loaded here, not analysed; Bazel has targets of its own among them": (
        "native_rules_of_languages/graph", "native_rules_of_languages/configured",
    ),
    "Bazel keeps a test that others need a second time, without the options of tests": ("skylib_tests/configured",),
}  # fmt: skip
KNOWN = {name: why for why, names in _REASONS.items() for name in names}
"""Reason by `CASE/QUESTION`."""
