# ---- transitions -----------------------------------------------------------

def transition(*, implementation, inputs, outputs):
    for what, value in [("inputs", inputs), ("outputs", outputs)]:
        if type(value) != "list":
            fail("transition(%s = ...) is a list of settings, not %s" % (what, type__(value)))
    return struct(
        _type = "transition",
        implementation = implementation,
        inputs = inputs,
        outputs = outputs,
        stack = call_stack(strip_frames = 1),
    )

def _cfg(cfg):
    if cfg == None or type(cfg) == "string" and cfg in _CFGS:
        return _CFGS[cfg or "target"]
    if _is(cfg, "transition"):
        return "transition"
    if _is(cfg, "exec"):
        return "exec"
    fail("cfg is \"target\", \"exec\" or a transition, not %s" % (_repr(cfg) if type(cfg) == "string" else type__(cfg)))

_CFGS = {"data": "target", "exec": "exec", "host": "exec", "target": "target"}

def _setting(kind, flag, repeated = False, default = ""):
    if type(flag) != "bool":
        fail("config.%s(flag = ...) is True or False, not %s" % (kind, type__(flag)))
    if repeated and not flag and not default:
        fail("config.%s(): 'repeatable' can only be set for a setting with flag = True" % kind)
    return struct(_type = "BuildSetting", kind = kind, flag = flag, repeated = repeated, default = default or kind)

config = struct(
    bool = lambda *, flag = False: _setting("bool", flag),
    int = lambda *, flag = False: _setting("int", flag),
    string = lambda *, flag = False, allow_multiple = False: _setting(
        "string_list" if allow_multiple else "string",
        flag,
        allow_multiple,
        "string",
    ),
    string_list = lambda *, flag = False, repeatable = False: _setting("string_list", flag, repeatable),
    string_set = lambda *, flag = False, repeatable = False: _setting("string_list", flag, repeatable),
    exec = lambda exec_group = None: struct(_type = "exec", exec_group = exec_group),
    target = lambda: "target",
)
