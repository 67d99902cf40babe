"""A directory below another one."""

load(":providers.bzl", "DirectoryInfo")

def _subdirectory_impl(ctx):
    found = ctx.attr.parent[DirectoryInfo].get_subdirectory(ctx.attr.path)
    return [found, DefaultInfo(files = found.transitive_files)]

subdirectory = rule(
    doc = "The directory at a path below another one.",
    implementation = _subdirectory_impl,
    attrs = {
        "parent": attr.label(doc = "the directory above it", mandatory = True, providers = [DirectoryInfo]),
        "path": attr.string(doc = "where it is below that one", mandatory = True),
    },
    provides = [DirectoryInfo],
)
