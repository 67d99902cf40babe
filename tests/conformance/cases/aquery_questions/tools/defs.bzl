"""Rules of this workspace."""

load(":more.bzl", "SUFFIX")

def _flag_impl(ctx):
    return []

mode_flag = rule(
    implementation = _flag_impl,
    build_setting = config.string(flag = True),
)

def _program_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = out, target_file = ctx.file.src, is_executable = True)
    return [DefaultInfo(executable = out, runfiles = ctx.runfiles(ctx.files.data))]

program = rule(
    implementation = _program_impl,
    attrs = {
        "src": attr.label(allow_single_file = True),
        "data": attr.label_list(allow_files = True),
    },
    executable = True,
)

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + SUFFIX)
    ctx.actions.run_shell(
        outputs = [out],
        inputs = ctx.files.srcs + ctx.files.deps,
        tools = [ctx.executable._tool],
        command = "cat \"$@\" > " + out.path,
        arguments = [file.path for file in ctx.files.srcs],
        env = {"KIND": ctx.attr.kind},
        mnemonic = "Join",
        progress_message = "Joining %{label}",
    )
    return [DefaultInfo(files = depset([out]))]

_ATTRS = {
    "srcs": attr.label_list(allow_files = True),
    "deps": attr.label_list(),
    "kind": attr.string(default = "plain"),
    "count": attr.int(),
    "words": attr.string_list(),
    "table": attr.string_dict(),
    "on": attr.bool(),
    "_tool": attr.label(
        default = "//tools:tool",
        executable = True,
        cfg = "exec",
    ),
    "_hidden": attr.label(default = "//tools:hidden"),
}

join = rule(
    implementation = _impl,
    attrs = _ATTRS,
)

def _large_impl(settings, attr):
    return {"//:mode": "large"}

large = transition(
    implementation = _large_impl,
    inputs = [],
    outputs = ["//:mode"],
)

join_large = rule(
    implementation = _impl,
    attrs = _ATTRS,
    cfg = large,
)

def joined(name, parts, **kwargs):
    """Several targets and what joins them."""
    for part in parts:
        native.genrule(
            name = "%s_%s" % (name, part),
            outs = ["%s_%s.txt" % (name, part)],
            cmd = "echo %s > $@" % part,
            tags = ["manual"],
        )
    join(
        name = name,
        srcs = [":%s_%s" % (name, part) for part in parts],
        **kwargs
    )
