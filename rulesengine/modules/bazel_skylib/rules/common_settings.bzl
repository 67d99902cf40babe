"""Build settings: flags (set on the command line and by transitions) and settings (by transitions only)."""

BuildSettingInfo = provider(
    doc = "What a build setting is set to.",
    fields = {
        "value": "the value, of the setting's type",
    },
)

def _plain_impl(ctx):
    return BuildSettingInfo(value = ctx.build_setting_value)

def _string_impl(ctx):
    value, allowed = ctx.build_setting_value, ctx.attr.values
    if allowed and value not in allowed:
        fail("Error setting {}: invalid value '{}'. Allowed values are {}".format(ctx.label, value, allowed))
    found = [BuildSettingInfo(value = value)]
    if ctx.attr.make_variable:
        found.append(platform_common.TemplateVariableInfo({ctx.attr.make_variable: value}))
    return found

_SCOPE = attr.string(
    doc = "Accepted; every setting is in force in the whole build.",
    default = "universal",
)
_STRING_ATTRS = {
    "make_variable": attr.string(doc = "The make variable that has the value, for rules that name this target in `toolchains`."),
    "scope": _SCOPE,
    "values": attr.string_list(doc = "The values it may have; any when empty."),
}

bool_flag = rule(
    implementation = _plain_impl,
    doc = "A build setting that is true or false.",
    attrs = {"scope": _SCOPE},
    build_setting = config.bool(flag = True),
)

bool_setting = rule(
    implementation = _plain_impl,
    doc = "A build setting that is true or false, not for the command line.",
    attrs = {"scope": _SCOPE},
    build_setting = config.bool(),
)

int_flag = rule(
    implementation = _plain_impl,
    doc = "A build setting that is a number.",
    attrs = {"scope": _SCOPE},
    build_setting = config.int(flag = True),
)

int_setting = rule(
    implementation = _plain_impl,
    doc = "A build setting that is a number, not for the command line.",
    attrs = {"scope": _SCOPE},
    build_setting = config.int(),
)

string_flag = rule(
    implementation = _string_impl,
    doc = "A build setting that is a text.",
    attrs = _STRING_ATTRS,
    build_setting = config.string(flag = True),
)

string_setting = rule(
    implementation = _string_impl,
    doc = "A build setting that is a text, not for the command line.",
    attrs = _STRING_ATTRS,
    build_setting = config.string(),
)

string_list_flag = rule(
    implementation = _plain_impl,
    doc = "A build setting that is a list of texts, separated by commas on the command line.",
    attrs = {"scope": _SCOPE},
    build_setting = config.string_list(flag = True),
)

string_list_setting = rule(
    implementation = _plain_impl,
    doc = "A build setting that is a list of texts, not for the command line.",
    attrs = {"scope": _SCOPE},
    build_setting = config.string_list(),
)

repeatable_string_flag = rule(
    implementation = _plain_impl,
    doc = "A build setting that is a list of texts: the command line may name it several times.",
    attrs = {"scope": _SCOPE},
    build_setting = config.string_list(flag = True, repeatable = True),
)
