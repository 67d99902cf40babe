"""Repository rules for directories of this machine.  MODULE.bazel's local_path_override does their work here."""

load(":unavailable.bzl", "unavailable")

local_repository = unavailable("local_repository")
new_local_repository = unavailable("new_local_repository")
