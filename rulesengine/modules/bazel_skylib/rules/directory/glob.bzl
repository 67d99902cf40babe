"""Files of a directory, by patterns."""

load(":providers.bzl", "DirectoryInfo")

def _directory_glob_impl(ctx):
    def found(patterns):
        return ctx.attr.directory[DirectoryInfo].glob(
            patterns,
            allow_empty = ctx.attr.allow_empty,
            exclude = ctx.attr.exclude,
        )

    files = found(ctx.attr.srcs)
    return DefaultInfo(
        files = files,
        runfiles = ctx.runfiles(transitive_files = depset(transitive = [files, found(ctx.attr.data)])),
    )

directory_glob = rule(
    doc = "The files of a directory that patterns stand for.",
    implementation = _directory_glob_impl,
    attrs = {
        "allow_empty": attr.bool(doc = "whether a pattern may stand for nothing"),
        "data": attr.string_list(doc = "patterns of files that are runfiles"),
        "directory": attr.label(mandatory = True, providers = [DirectoryInfo]),
        "exclude": attr.string_list(doc = "patterns of files that are left out"),
        "srcs": attr.string_list(doc = "patterns of files that are outputs, and runfiles too"),
    },
)
