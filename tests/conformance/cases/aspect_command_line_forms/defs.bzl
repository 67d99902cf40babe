A = provider(fields = ["text"])
Base = provider(fields = ["text"])

def _first_impl(target, ctx):
    # buildifier: disable=print
    print("first on %s %s %s" % (target.label, ctx.rule.kind, ctx.aspect_ids))
    return [A(text = "first")]

first = aspect(implementation = _first_impl, provides = [A])

def _second_impl(target, ctx):
    # buildifier: disable=print
    print("second sees %s" % target[A].text)
    return []

second = aspect(implementation = _second_impl, required_aspect_providers = [A])

def _level_impl(target, ctx):
    # buildifier: disable=print
    print("level %d on %s %s %s" % (ctx.attr.level, ctx.attr.on, A in target, ctx.aspect_ids))
    return []

level = aspect(
    implementation = _level_impl,
    attrs = {
        "level": attr.int(
            default = 1,
            values = [1, 2],
        ),
        "on": attr.bool(),
    },
)

def _free_impl(target, ctx):
    # buildifier: disable=print
    print("text %s" % ctx.attr.text)
    return []

free = aspect(implementation = _free_impl, attrs = {"text": attr.string()})
must = aspect(implementation = _free_impl, attrs = {"text": attr.string(mandatory = True)})

def _required_impl(target, ctx):
    # buildifier: disable=print
    print("required on %s" % target.label)
    return []

required = aspect(implementation = _required_impl, required_providers = [Base])

def _broken_impl(target, ctx):
    if ctx.label.name == "b":
        fail("broken for b")
    return []

broken = aspect(implementation = _broken_impl)

def _doubled_impl(target, ctx):
    return [Base(text = "again")]

doubled = aspect(implementation = _doubled_impl)

def _impl(ctx):
    return [Base(text = "base")]

lib = rule(implementation = _impl, provides = [Base])

# It has the provider and does not say so.
plain = rule(implementation = _impl)
