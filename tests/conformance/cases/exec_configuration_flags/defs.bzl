"""What a configuration is like, seen from a target and from a tool."""

word = rule(
    implementation = lambda ctx: [],
    build_setting = config.string(flag = True),
)

flag = rule(
    implementation = lambda ctx: [],
    build_setting = config.bool(flag = True),
)

def _fact_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "".join([one + "\n" for one in [
        "mode " + ctx.var["COMPILATION_MODE"] + " " + ctx.attr.mode,
        "define " + ctx.var.get("who", "-") + " " + ctx.attr.define,
        "word " + ctx.attr.word,
        "flag " + ctx.attr.flag,
        "A " + ctx.configuration.default_shell_env.get("A", "-"),
        "B " + ctx.configuration.default_shell_env.get("B", "-"),
        "host " + ctx.configuration.host_path_separator,
        "mine " + str(out.path.startswith(ctx.bin_dir.path)),
        "short " + out.short_path,
    ]]), is_executable = True)
    return [DefaultInfo(files = depset([out]), executable = out)]

fact = rule(
    implementation = _fact_impl,
    executable = True,
    attrs = {
        "define": attr.string(),
        "flag": attr.string(),
        "mode": attr.string(),
        "word": attr.string(),
    },
)

def _both_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".out")
    target, tool = ctx.file.target, ctx.executable.tool
    ctx.actions.run_shell(
        inputs = [target],
        tools = [tool],
        outputs = [out],
        command = "cat {0} > {2}; chmod +x {2}; echo -- >> {2}; cat {1} >> {2}; echo {3} >> {2}".format(
            target.path,
            tool.path,
            out.path,
            "same" if target.path == tool.path else "differ",
        ),
    )
    return [DefaultInfo(files = depset([out]), executable = out)]

both = rule(
    implementation = _both_impl,
    executable = True,
    attrs = {
        "target": attr.label(allow_single_file = True),
        "tool": attr.label(cfg = "exec", executable = True),
    },
)

def _pass_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".passed")
    ctx.actions.symlink(output = out, target_file = ctx.attr.dep[DefaultInfo].files.to_list()[0], is_executable = True)
    return [DefaultInfo(files = depset([out]), executable = out)]

_word = transition(
    implementation = lambda settings, attr: {"//:word": "said"},
    inputs = [],
    outputs = ["//:word"],
)

set_word = rule(
    implementation = _pass_impl,
    executable = True,
    cfg = _word,
    attrs = {"dep": attr.label()},
)

_both = transition(
    implementation = lambda settings, attr: {"//:word": "said", "//command_line_option:compilation_mode": "dbg"},
    inputs = [],
    outputs = ["//:word", "//command_line_option:compilation_mode"],
)

set_both = rule(
    implementation = _pass_impl,
    executable = True,
    cfg = _both,
    attrs = {"dep": attr.label()},
)
