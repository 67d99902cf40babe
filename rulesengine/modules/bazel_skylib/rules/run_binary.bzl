"""A program that is run at build time."""

load("//lib:dicts.bzl", "dicts")

def _run_binary_impl(ctx):
    tool = ctx.attr.tool[DefaultInfo].files_to_run
    if not ctx.outputs.outs:
        fail("run_binary: outs names no file")
    names = ctx.attr.srcs + [ctx.attr.tool]

    def expand(text):
        expanded = ctx.expand_location(text, names)
        return ctx.expand_make_variables("args", expanded, {}) if "$(" in expanded else expanded

    arguments = ctx.actions.args()
    arguments.add_all([expand(one) for one in ctx.attr.args])
    ctx.actions.run(
        outputs = ctx.outputs.outs,
        inputs = ctx.files.srcs,
        tools = [tool],
        executable = tool,
        arguments = [arguments],
        mnemonic = "RunBinary",
        use_default_shell_env = False,
        env = dicts.add(ctx.configuration.default_shell_env, {name: expand(value) for name, value in ctx.attr.env.items()}),
    )
    return [DefaultInfo(
        files = depset(ctx.outputs.outs),
        runfiles = ctx.runfiles(files = ctx.outputs.outs),
    )]

run_binary = rule(
    implementation = _run_binary_impl,
    doc = "Runs a program as a build action. $(location) in `args` and `env` may name `srcs`, `outs` and `tool`.",
    attrs = {
        "args": attr.string_list(doc = "The program's arguments."),
        "env": attr.string_dict(doc = "Its environment."),
        "outs": attr.output_list(mandatory = True, doc = "The files it makes."),
        "srcs": attr.label_list(allow_files = True, doc = "What it reads."),
        "tool": attr.label(mandatory = True, executable = True, allow_files = True, cfg = "exec", doc = "The program."),
    },
)
