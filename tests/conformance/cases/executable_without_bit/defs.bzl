def _written_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, "#!/bin/sh\necho written\n")
    return [DefaultInfo(executable = out)]

written = rule(implementation = _written_impl, executable = True)

def _shelled_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run_shell(outputs = [out], command = "printf '#!/bin/sh\\necho shelled\\n' > " + out.path)
    return [DefaultInfo(executable = out)]

shelled = rule(implementation = _shelled_impl, executable = True)

def _linked_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = out, target_file = ctx.file.src, is_executable = True)
    return [DefaultInfo(executable = out)]

linked = rule(
    implementation = _linked_impl,
    executable = True,
    attrs = {"src": attr.label(allow_single_file = True)},
)

def _used_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run_shell(outputs = [out], tools = [ctx.executable.tool], command = "%s > %s" % (ctx.executable.tool.path, out.path))
    return [DefaultInfo(files = depset([out]))]

used = rule(
    implementation = _used_impl,
    attrs = {"tool": attr.label(executable = True, cfg = "exec")},
)

def _checked_impl(ctx):
    ctx.actions.write(ctx.outputs.executable, "#!/bin/sh\nexit 0\n")
    return []

checked_test = rule(implementation = _checked_impl, test = True)

def checked(name):
    checked_test(name = name)
