def transition__(cfg, settings, attrs):
    settings = {k: label__(*v["label__"]) if type(v) == "dict" and "label__" in v else v for k, v in settings.items()}
    return _answer(cfg.implementation(settings, struct(**attrs)), 0)

def _answer(value, depth):
    """What a transition returned, as plain data."""
    t = type(value)
    if t == "string" or t == "int" or t == "bool" or t == "NoneType":
        return value
    if _is(value, "Label"):
        return value._str
    if depth < 5:
        if t == "list" or t == "tuple":
            return [_answer(v, depth + 1) for v in value]
        if t == "dict":
            return {_text(str__(k), "a setting"): _answer(v, depth + 1) for k, v in value.items()}
    fail("a transition returns a dict of settings, a list of them or a dict of them; it holds a %s" % type__(value))

def transition_ports__(cfg):
    return {"stack": getattr(cfg, "stack", ""), "inputs": [_text(str__(x), "an input") for x in cfg.inputs], "outputs": [_text(str__(x), "an output") for x in cfg.outputs]}
