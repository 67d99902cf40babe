"""A compiler of one imaginary language."""

FooFiles = provider(fields = ["transitive_sources"])

def get_transitive_srcs(srcs, deps):
    return depset(srcs, transitive = [dep[FooFiles].transitive_sources for dep in deps])

def _foo_library_impl(ctx):
    return [FooFiles(transitive_sources = get_transitive_srcs(ctx.files.srcs, ctx.attr.deps))]

foo_library = rule(
    implementation = _foo_library_impl,
    attrs = {
        "deps": attr.label_list(),
        "srcs": attr.label_list(allow_files = True),
    },
)

def _foo_binary_impl(ctx):
    compiler = ctx.executable._compiler
    sources = get_transitive_srcs(ctx.files.srcs, ctx.attr.deps).to_list()
    out = ctx.outputs.out
    ctx.actions.run(
        executable = compiler,
        arguments = [out.path] + [src.path for src in sources],
        inputs = sources,
        outputs = [out],
    )

foo_binary = rule(
    implementation = _foo_binary_impl,
    attrs = {
        "deps": attr.label_list(),
        "srcs": attr.label_list(allow_files = True),
        "_compiler": attr.label(default = "//:compiler", allow_files = True, executable = True, cfg = "exec"),
    },
    outputs = {"out": "%{name}.out"},
)
