"""Repositories that many workspaces load from and that are not here: what they are for, and what to do instead."""

from __future__ import annotations

_NATIVE = {
    "rules_android": "Android",
    "rules_cc": "C++",
    "rules_java": "Java",
    "rules_proto": "protobuf",
    "rules_python": "Python",
    "protobuf": "protobuf",
    "com_google_protobuf": "protobuf",
}
"""Where Bazel's own rules have gone: without the load() their names mean those rules."""
_OTHERS = {
    "aspect_bazel_lib": "copying and running of files",
    "aspect_rules_js": "JavaScript",
    "aspect_rules_ts": "TypeScript",
    "bazel_features": "telling versions of Bazel apart",
    "bazel_gazelle": "Go's BUILD files",
    "build_bazel_rules_apple": "Apple",
    "build_bazel_rules_nodejs": "Node.js",
    "build_bazel_rules_swift": "Swift",
    "gazelle": "Go's BUILD files",
    "io_bazel_rules_docker": "container images",
    "io_bazel_rules_go": "Go",
    "io_bazel_rules_kotlin": "Kotlin",
    "rules_apple": "Apple",
    "rules_distroless": "Debian packages in container images",
    "rules_docker": "container images",
    "rules_foreign_cc": "other build systems",
    "rules_go": "Go",
    "rules_jvm_external": "Maven's artifacts",
    "rules_kotlin": "Kotlin",
    "rules_license": "licenses",
    "rules_nodejs": "Node.js",
    "rules_oci": "container images",
    "rules_pkg": "archives and packages",
    "rules_rust": "Rust",
    "rules_scala": "Scala",
    "rules_swift": "Swift",
    "rules_testing": "tests of rules",
}
_INSTEAD = {
    "rules_distroless": 'use what ships with pybuild: load("@rulesengine//debian:defs.bzl", …)',
    "rules_docker": 'use what ships with pybuild: load("@rulesengine//oci:defs.bzl", …)',
    "rules_oci": 'use what ships with pybuild: load("@rulesengine//oci:defs.bzl", …)',
    "rules_pkg": 'use what ships with pybuild: load("@rulesengine//files:defs.bzl", …)',
    "io_bazel_rules_docker": 'use what ships with pybuild: load("@rulesengine//oci:defs.bzl", …)',
}
_COPY = "name a copy of it with local_path_override(module_name = {0!r}, path = …) in MODULE.bazel"


def purpose(repo: str) -> str:
    """` (rules for C++)`, or nothing for a repository that is not well known."""
    what = _NATIVE.get(repo) or _OTHERS.get(repo)
    return f" ({'rules ' if what[0].isupper() or repo in _NATIVE else ''}for {what})" if what else ""


def advice(repo: str) -> str | None:
    """What to do where a well-known repository is missing; None for another one."""
    if not purpose(repo):
        return None
    if repo in _INSTEAD:
        return _INSTEAD[repo]
    if repo in _NATIVE:
        return (
            f"take the load() away: the names of Bazel's rules for {_NATIVE[repo]} are known without it, their targets"
            f" are seen by queries and not built; or {_COPY.format(repo)}"
        )
    return f"{_COPY.format(repo)}, or leave packages out that load from it: -- … -//PACKAGE/..."
