"""Helpers for repository rules."""

load(":unavailable.bzl", "unavailable")

def maybe(repo_rule, name, **kwargs):
    """Calls a repository rule unless there is a repository of that name.

    Args:
      repo_rule: the rule.
      name: of the repository.
      **kwargs: its other attributes.
    """
    if not native.existing_rule(name):
        repo_rule(name = name, **kwargs)

patch = unavailable("patch")
update_attrs = unavailable("update_attrs")
workspace_and_buildfile = unavailable("workspace_and_buildfile")
read_netrc = unavailable("read_netrc")
read_user_netrc = unavailable("read_user_netrc")
use_netrc = unavailable("use_netrc")
