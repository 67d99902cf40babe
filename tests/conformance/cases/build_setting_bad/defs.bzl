def _flag_impl(ctx):
    if ctx.build_setting_value == "forbidden":
        fail("not this value")
    return []

bool_flag = rule(implementation = _flag_impl, build_setting = config.bool(flag = True))
int_flag = rule(implementation = _flag_impl, build_setting = config.int(flag = True))
string_flag = rule(implementation = _flag_impl, build_setting = config.string(flag = True))
string_setting = rule(implementation = _flag_impl, build_setting = config.string())
