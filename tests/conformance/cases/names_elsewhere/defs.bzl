"""A file of rules as many are: with repository rules and extensions beside them."""

load("@bazel_tools//tools/build_defs/repo:git.bzl", "git_repository")
load("@bazel_tools//tools/build_defs/repo:http.bzl", "http_archive", "http_file")
load("@bazel_tools//tools/build_defs/repo:utils.bzl", "maybe")

def _fetch_impl(repository_ctx):
    repository_ctx.download(url = repository_ctx.attr.url)

fetch = repository_rule(
    implementation = _fetch_impl,
    attrs = {"url": attr.string()},
    environ = ["HOME"],
)

def _extension_impl(module_ctx):
    for module in module_ctx.modules:
        for one in module.tags.get:
            fetch(name = one.name)

extension = module_extension(
    implementation = _extension_impl,
    tag_classes = {"get": tag_class(attrs = {"name": attr.string()})},
)

def dependencies():
    maybe(http_archive, name = "a", url = "b")
    maybe(git_repository, name = "c", remote = "d")
    maybe(http_file, name = "e", url = "f")

text = """
in="$1"
out=$2
for=3
"""

def _look_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    dep = ctx.attr.dep
    ctx.actions.write(out, "%s %s %s\n" % (CcInfo in dep, JavaInfo in dep, PyInfo in dep))
    return [
        DefaultInfo(files = depset([out])),
        coverage_common.instrumented_files_info(ctx, dependency_attributes = ["dep"]),
    ]

look = rule(
    implementation = _look_impl,
    attrs = {"dep": attr.label()},
)
