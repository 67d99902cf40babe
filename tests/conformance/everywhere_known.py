"""Where we answer a question of everywhere.py otherwise than Bazel, and why; strict: what is none any more must go."""

from __future__ import annotations

_REASONS = {
    "a rule of ours is found wrong when it is analysed, where Bazel finds it wrong when it is loaded, or the reverse": (
        "aspect_failures/kinds", "aspect_failures/places", "aspect_failures/graph", "rule_outputs_function/kinds",
        "rule_outputs_function/places", "rule_outputs_function/graph",
    ),
    "Bazel says nothing of any target once a package of the wildcard is broken; we answer for the whole ones": (
        "aspect_failures/configured", "attr_values/configured", "globs/configured", "globs/actions",
        "json_module/configured", "labels/configured", "labels/actions", "rule_outputs_function/configured",
        "starlark_rebinding/configured", "starlark_static_faults/configured", "subrules_of_names/configured",
    ),
    "Bazel gives the whole wildcard up when one .bzl file fails while targets are named": ("load_faults/kinds",),
    "a file that is named and not there is found missing by analysis here, by execution in Bazel": (
        "actions_write/configured", "actions_write/actions", "attr_missing_file/configured",
    ),
    "two targets of the same output: Bazel's answer keeps what one of them declared": (
        "action_conflicts_more/configured", "action_conflicts_more/actions",
    ),
    "a pattern stands for a target in the configuration asked for, in Bazel's cquery also for those of transitions": (
        "doc_configurations/configured", "doc_toolchains/configured",
    ),
    "package groups are in no configuration and depended on by nothing here": ("package_groups/configured",),
    "cquery exits with 1 for a target that is incompatible": ("target_compatible_with/configured",),
    "Bazel keeps a test that others need a second time, without the options of tests": ("skylib_tests/configured",),
    "Bazel's aquery gives a directory itself to map_each; here it gets a file in it, which counts for dirname": (
        "trees_more/actions",
    ),
}  # fmt: skip
KNOWN = {name: why for why, names in _REASONS.items() for name in names}
"""Reason by `CASE/QUESTION`."""
