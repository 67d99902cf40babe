"""Repository rules that clone.  Files that load them for their WORKSPACE macros load well; a call fails."""

load(":unavailable.bzl", "unavailable")

git_repository = unavailable("git_repository")
new_git_repository = unavailable("new_git_repository")
