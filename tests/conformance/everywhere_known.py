"""Where we answer a question of everywhere.py otherwise than Bazel, and why; strict: what is none any more must go."""

from __future__ import annotations

_REASONS = {
    "a rule of ours is found wrong when it is analysed, where Bazel finds it wrong when it is loaded, or the reverse": (
        "aspect_failures/kinds", "aspect_failures/places", "aspect_failures/graph", "rule_outputs_function/kinds",
        "rule_outputs_function/places", "rule_outputs_function/graph", "constraint_defaults/configured",
        "toolchain_faults/configured",
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
        "analysis_tests/configured", "aspect_propagation/configured", "config_setting_forms/configured",
        "doc_configurations/configured", "doc_toolchains/configured", "toolchain_chain/configured",
        "toolchain_exec_groups/configured", "doc_depsets/configured",
    ),
    "package groups are in no configuration and depended on by nothing here": ("package_groups/configured",),
    "cquery exits with 1 for a target that is incompatible": ("target_compatible_with/configured",),
    "a sh_binary leads to its script by a link in Bazel, so that the script is an input too": (
        "doc_depsets/actions", "doc_toolchains/actions", "runfiles_library/actions", "sh_rules/actions",
    ),
    "bazel_skylib is written afresh here: other helper targets and scripts": (
        "skylib_rules/kinds", "skylib_rules/places", "skylib_rules/graph", "skylib_rules/configured",
        "skylib_rules/actions", "skylib_tests/kinds", "skylib_tests/places", "skylib_tests/graph",
        "skylib_tests/configured", "skylib_tests/actions",
    ),
    "a wildcard leaves other modules inside of the workspace out here": (
        "external_module/kinds", "external_module/places", "external_module/graph", "external_module/configured",
        "runfiles_more/kinds",
    ),
    "Bazel's aquery gives a directory itself to map_each; here it gets a file in it, which counts for dirname": (
        "trees_more/actions",
    ),
}  # fmt: skip
KNOWN = {name: why for why, names in _REASONS.items() for name in names}
"""Reason by `CASE/QUESTION`."""
