def _flag_impl(ctx):
    return []

string_flag = rule(implementation = _flag_impl, build_setting = config.string(flag = True))

def _transition_impl(settings, attr):
    return {"//:flavour": attr.flavour or settings["//:flavour"] + "+"}

flavoured = transition(implementation = _transition_impl, inputs = ["//:flavour"], outputs = ["//:flavour"])

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "%s %s\n" % (ctx.attr.seen, [d[DefaultInfo].files.to_list()[0].basename for d in ctx.attr.deps]))
    return [DefaultInfo(files = depset([out]))]

_ATTRS = {
    "deps": attr.label_list(),
    "flavour": attr.string(),
    "seen": attr.string(),
}

plain = rule(implementation = _impl, attrs = _ATTRS)
special = rule(implementation = _impl, attrs = _ATTRS | {"_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist")}, cfg = flavoured)
