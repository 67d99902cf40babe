"""Makes tests, as a library does: what it is given is in the closure that runs later."""

SeenInfo = provider(fields = ["words"])

def _seen_impl(target, ctx):
    return [SeenInfo(words = [target.label.name, ctx.rule.kind])]

seen = aspect(implementation = _seen_impl)

def _setting_impl(ctx):
    return SeenInfo(words = [ctx.build_setting_value])

setting = rule(implementation = _setting_impl, build_setting = config.string(flag = True))

def _changed_impl(settings, attr):
    return {"//:word": settings["//:word"] + attr.more}

changed = transition(implementation = _changed_impl, inputs = ["//:word"], outputs = ["//:word"])

def looked_at(name, check, target, settings = {}, attrs = {}, values = {}):
    """A test of one target; check(env, target) calls env.fail for what is wrong."""
    more = {"target": attr.label(aspects = [seen], cfg = analysis_test_transition(settings = settings))} if settings else {
        "target": attr.label(aspects = [seen]),
    }

    def implementation(ctx):
        failures = []
        given = ctx.attr.target
        check(struct(ctx = ctx, fail = failures.append), given[0] if type(given) == "list" else given)
        return [AnalysisTestResultInfo(success = not failures, message = "\n".join(failures))]

    testing.analysis_test(
        name = name,
        implementation = implementation,
        attrs = more | attrs,
        attr_values = {"target": target} | values,
    )
