load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "".join(["%s=%s %s\n" % (t.label.name, repr(t[BuildSettingInfo].value), type(t[BuildSettingInfo].value)) for t in ctx.attr.settings]))
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _impl, attrs = {"settings": attr.label_list(providers = [BuildSettingInfo])})
