"""Coffee, in several temperatures."""

TemperatureInfo = provider(fields = ["type"])
_TEMPERATURES = ["HOT", "LUKEWARM", "ICED"]

def _temperature_impl(ctx):
    raw = ctx.build_setting_value
    if raw not in _TEMPERATURES:
        fail("%s: it is one of %s, not %s" % (ctx.label, _TEMPERATURES, raw))
    return TemperatureInfo(type = raw)

temperature = rule(implementation = _temperature_impl, build_setting = config.string(flag = True))

def _drink_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "%s with %s\n" % (ctx.attr._temperature[TemperatureInfo].type, ctx.attr.milk))
    return [DefaultInfo(files = depset([out]))]

drink = rule(
    implementation = _drink_impl,
    attrs = {
        "milk": attr.string(),
        "_temperature": attr.label(default = "//:coffee-temp"),
    },
)

def _hot_impl(settings, attr):
    return {"//:coffee-temp": "HOT", "//:milk": "%s, foamed" % settings["//:milk"]}

hot = transition(implementation = _hot_impl, inputs = ["//:milk"], outputs = ["//:coffee-temp", "//:milk"])

hot_drink = rule(
    implementation = _drink_impl,
    attrs = {
        "milk": attr.string(),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
        "_temperature": attr.label(default = "//:coffee-temp"),
    },
    cfg = hot,
)
