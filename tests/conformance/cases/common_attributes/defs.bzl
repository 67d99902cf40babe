_OURS = ["output_licenses"]  # of a type of its own

def _shown(value):
    if type(value) == "list":
        return [str(one.label) if type(one) == "Target" else one for one in value]
    return str(value.label) if type(value) == "Target" else value

def _tell(who, attrs):
    for name in sorted(dir(attrs)):
        value = getattr(attrs, name)
        if type(value) != "function" and not name.startswith("_") and name not in _OURS:
            print("%s: %s %s = %r" % (who, name, type(value), _shown(value)))

def _impl(ctx):
    _tell(ctx.label.name, ctx.attr)
    out = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(out, "", is_executable = True)
    return [DefaultInfo(executable = out)]

plain = rule(implementation = _impl, attrs = {"x": attr.label()})
program = rule(implementation = _impl, executable = True)
some_test = rule(implementation = _impl, test = True)

def _look_impl(target, ctx):
    _tell("aspect on " + ctx.label.name, ctx.rule.attr)
    return []

look = aspect(implementation = _look_impl)

CountInfo = provider(fields = ["actions"])

def _count_impl(target, ctx):
    return [CountInfo(actions = [(one.mnemonic, [f.basename for f in one.outputs.to_list()]) for one in target.actions])]

count = aspect(implementation = _count_impl)

def _same_impl(ctx):
    out = ctx.actions.declare_file("same.txt")
    ctx.actions.write(out, "same")
    return [DefaultInfo(files = depset([out]))]

same = rule(implementation = _same_impl)

def _counts_impl(ctx):
    print("%s: %s" % (ctx.label.name, [one[CountInfo].actions for one in ctx.attr.of]))
    return []

counts = rule(implementation = _counts_impl, attrs = {"of": attr.label_list(aspects = [count])})
