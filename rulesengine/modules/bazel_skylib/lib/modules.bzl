"""For module extensions: they are not run here, but files that define some with these functions load."""

def _as_extension(macro, doc = None):
    """A module extension of a function that makes repositories; `use_repo` may name all of them."""

    def implementation(module_ctx):
        macro()
        return _use_all_repos(module_ctx, reproducible = True)

    return module_extension(implementation = implementation, doc = doc or "")

def _use_all_repos(module_ctx, reproducible = False):
    """What an extension returns all of whose repositories are for `use_repo`; None where there is no such value."""
    metadata = getattr(module_ctx, "extension_metadata", None)
    direct = getattr(module_ctx, "root_module_has_non_dev_dependency", None)
    if metadata == None or direct == None:
        return None
    more = {"reproducible": reproducible} if hasattr(module_ctx, "watch") else {}
    return metadata(
        root_module_direct_deps = "all" if direct else [],
        root_module_direct_dev_deps = [] if direct else "all",
        **more
    )

modules = struct(
    as_extension = _as_extension,
    use_all_repos = _use_all_repos,
)
