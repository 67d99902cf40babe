def _flag_impl(ctx):
    return []

bool_flag = rule(implementation = _flag_impl, build_setting = config.bool(flag = True))
int_flag = rule(implementation = _flag_impl, build_setting = config.int(flag = True))
string_list_flag = rule(implementation = _flag_impl, build_setting = config.string_list(flag = True))

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(["%s=%s" % (k, getattr(ctx.attr, k)) for k in ["cpu", "define", "flag", "list", "mode", "number"]]) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _impl, attrs = {k: attr.string() for k in ["cpu", "define", "flag", "list", "mode", "number"]})
