"""Targets that stand for .bzl files, so that other rules can ask for them."""

StarlarkLibraryInfo = provider(
    doc = "What a bzl_library holds.",
    fields = {
        "srcs": "its own files, a list",
        "transitive_srcs": "a depset of its files and of those of its deps",
    },
)

def _bzl_library_impl(ctx):
    below = [dep[DefaultInfo].files for dep in ctx.attr.deps]
    if not ctx.files.srcs and not below:
        fail("bzl_library rule '%s' has no srcs or deps" % ctx.label)
    every = depset(ctx.files.srcs, order = "postorder", transitive = below)
    return [
        DefaultInfo(files = every, runfiles = ctx.runfiles(transitive_files = every)),
        StarlarkLibraryInfo(srcs = ctx.files.srcs, transitive_srcs = every),
    ]

bzl_library = rule(
    implementation = _bzl_library_impl,
    doc = "A set of Starlark files and of what they load.  Nothing is checked or run.",
    attrs = {
        "srcs": attr.label_list(allow_files = [".bzl", ".scl"], doc = "The files."),
        "deps": attr.label_list(allow_files = [".bzl", ".scl"], doc = "Libraries and files that these load."),
    },
)
