def _tool_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "#!/bin/sh\nout=$1\nshift\ncat $0.runfiles/*/data.txt > $out && echo \"$@\" >> $out\n", is_executable = True)
    return [DefaultInfo(executable = script, runfiles = ctx.runfiles(ctx.files.data))]

tool = rule(
    implementation = _tool_impl,
    attrs = {"data": attr.label_list(allow_files = True)},
    executable = True,
)

def _resources(os, inputs):
    return {"cpu": 1, "memory": 10 + inputs}

def _out(ctx, name):
    return ctx.actions.declare_file(ctx.label.name + "." + name)

def _request_impl(ctx):
    actions = ctx.actions
    env = _out(ctx, "env")
    show = "echo \"${FROM_FLAG-unset} ${OVER-unset} ${OWN-unset}\" > "
    actions.run_shell(outputs = [env], command = show + env.path, use_default_shell_env = True)
    over = _out(ctx, "over")
    actions.run_shell(outputs = [over], command = show + over.path, use_default_shell_env = True, env = {"OVER": "own", "OWN": "own"})
    none = _out(ctx, "none")
    actions.run_shell(outputs = [none], command = show + none.path, env = {"OWN": "own"})
    by_file = _out(ctx, "by_file")
    actions.run(outputs = [by_file], executable = ctx.executable.tool, arguments = [by_file.path, "a", "b c"])
    by_files_to_run = _out(ctx, "by_files_to_run")
    actions.run(outputs = [by_files_to_run], executable = ctx.attr.tool[DefaultInfo].files_to_run, arguments = [by_files_to_run.path])
    as_tool = _out(ctx, "as_tool")
    actions.run_shell(outputs = [as_tool], tools = [ctx.attr.tool[DefaultInfo].files_to_run], command = "%s %s x" % (ctx.executable.tool.path, as_tool.path))
    as_depset = _out(ctx, "as_depset")
    actions.run_shell(outputs = [as_depset], tools = depset([ctx.executable.tool]), command = "test -x %s && echo there > %s" % (ctx.executable.tool.path, as_depset.path))
    on_path = _out(ctx, "on_path")
    actions.run(outputs = [on_path], executable = "touch", arguments = [on_path.path], use_default_shell_env = True)
    listed = _out(ctx, "listed")
    resources = _out(ctx, "resources")
    actions.run(
        outputs = [resources],
        executable = "/bin/sh",
        arguments = ["-c", "echo resources > " + resources.path],
        resource_set = _resources,
        execution_requirements = {
            "block-network": "",
            "local": "1",
            "no-cache": "1",
            "no-sandbox": "1",
            "supports-path-mapping": "",
        },
        exec_group = "group",
        mnemonic = "Resources",
    )
    third = _out(ctx, "third")
    actions.run(
        outputs = [third, listed],
        inputs = depset([by_file], transitive = [depset([env])]),
        executable = "/bin/sh",
        arguments = ["-c", "echo third > $0; echo $1 > $2", third.path, by_file.path, listed.path],
        unused_inputs_list = listed,
        toolchain = None,
    )
    actions.do_nothing(mnemonic = "Nothing", inputs = [env])
    return [DefaultInfo(files = depset([env, over, none, by_file, by_files_to_run, as_tool, as_depset, on_path, resources, third]))]

request = rule(
    implementation = _request_impl,
    attrs = {"tool": attr.label(executable = True, cfg = "exec")},
    exec_groups = {"group": exec_group()},
)

LookInfo = provider(fields = ["file"])

def _look_impl(target, ctx):
    lines = []
    for action in target.actions:
        lines.append("%s: %d outputs, argv %s" % (action.mnemonic, len(action.outputs.to_list()), action.argv != None))
    out = ctx.actions.declare_file(ctx.rule.attr.name + ".looked")
    ctx.actions.write(out, "\n".join(sorted(lines)) + "\n")
    shadow = ctx.actions.declare_file(ctx.rule.attr.name + ".shadow")
    shadowed = [action for action in target.actions if action.mnemonic == "Action" and "none" in action.outputs.to_list()[0].basename][0]
    ctx.actions.run_shell(
        outputs = [shadow],
        command = "echo \"own ${OWN-unset} ${MORE-unset}\" > " + shadow.path,
        env = {"MORE": "more"},
        shadowed_action = shadowed,
    )
    return [LookInfo(file = depset([out, shadow]))]

look = aspect(implementation = _look_impl)

def _looks_impl(ctx):
    return [DefaultInfo(files = ctx.attr.dep[LookInfo].file)]

looks = rule(
    implementation = _looks_impl,
    attrs = {"dep": attr.label(aspects = [look])},
)
