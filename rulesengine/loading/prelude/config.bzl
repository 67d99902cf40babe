# ---- transitions -----------------------------------------------------------

def transition(*, implementation, inputs, outputs):
    for what, value in [("inputs", inputs), ("outputs", outputs)]:
        if type(value) != "list":
            fail("transition(%s = ...) is a list of settings, not %s" % (what, type__(value)))
    return struct(_type = "transition", implementation = implementation, inputs = inputs, outputs = outputs)

def _cfg(cfg):
    if cfg == None or type(cfg) == "string":
        return cfg or "target"
    if _is(cfg, "transition"):
        return "transition"
    if _is(cfg, "exec"):
        return "exec"
    fail("cfg is \"target\", \"exec\" or a transition, not %s" % type__(cfg))

config = struct(
    bool = lambda flag = False: struct(_type = "build_setting", kind = "bool", flag = flag),
    int = lambda flag = False: struct(_type = "build_setting", kind = "int", flag = flag),
    string = lambda flag = False, allow_multiple = False: struct(_type = "build_setting", kind = "string", flag = flag),
    string_list = lambda flag = False, repeatable = False: struct(_type = "build_setting", kind = "string_list", flag = flag),
    exec = lambda exec_group = None: struct(_type = "exec", exec_group = exec_group),
    target = lambda: "target",
)
