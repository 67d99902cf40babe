Info = provider(fields = ["value"])

def _flag_impl(ctx):
    return Info(value = ctx.build_setting_value)

flag = rule(implementation = _flag_impl, build_setting = config.string(flag = True))

def _result_impl(ctx):
    return [AnalysisTestResultInfo(success = ctx.attr.success, message = ctx.attr.message)]

result_test = rule(
    implementation = _result_impl,
    attrs = {
        "message": attr.string(),
        "success": attr.bool(),
    },
    analysis_test = True,
)

def _no_result_impl(ctx):
    return []

no_result_test = rule(implementation = _no_result_impl, analysis_test = True)

def _subject_impl(ctx):
    if ctx.attr.broken:
        fail("broken on purpose")
    one = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(one, "content of " + ctx.label.name)
    two = ctx.actions.declare_file(ctx.label.name + ".copy")
    ctx.actions.run_shell(
        outputs = [two],
        inputs = [one],
        command = "cp $1 $2",
        arguments = [one.path, two.path],
        mnemonic = "Copying",
        env = {"A": "b"},
    )
    three = ctx.actions.declare_file(ctx.label.name + ".expanded")
    ctx.actions.expand_template(template = one, output = three, substitutions = {"content": "text"})
    return [Info(value = ctx.attr._flag[Info].value), DefaultInfo(files = depset([two]))]

subject = rule(
    implementation = _subject_impl,
    attrs = {
        "broken": attr.bool(),
        "deps": attr.label_list(),
        "only": attr.label(providers = [Info]),
        "_flag": attr.label(default = "//:flag"),
    },
)

def _failure_impl(ctx):
    target = ctx.attr.target[0] if type(ctx.attr.target) == "list" else ctx.attr.target
    if AnalysisFailureInfo not in target:
        return [AnalysisTestResultInfo(success = False, message = "did not fail")]
    causes = target[AnalysisFailureInfo].causes.to_list()
    found = ["%s %s" % (one.label, "purpose" if "on purpose" in one.message else "provider" if "provider" in one.message else "") for one in causes]
    return [AnalysisTestResultInfo(success = True, message = ", ".join(found))]

failure_test = rule(
    implementation = _failure_impl,
    attrs = {"target": attr.label(
        cfg = analysis_test_transition(settings = {"//command_line_option:allow_analysis_failures": "True"}),
    )},
    analysis_test = True,
)

def _setting_impl(ctx):
    return [AnalysisTestResultInfo(success = ctx.attr.target[0][Info].value == "changed", message = ctx.attr.target[0][Info].value)]

setting_test = rule(
    implementation = _setting_impl,
    attrs = {"target": attr.label(cfg = analysis_test_transition(settings = {"//:flag": "changed"}))},
    analysis_test = True,
)

Actions = provider(fields = ["lines"])

def _actions_impl(target, ctx):
    lines = []
    for action in target.actions:
        lines.append("%s: %s <- %s" % (
            action.mnemonic,
            [f.short_path for f in action.outputs.to_list()],
            [f.short_path for f in action.inputs.to_list()],
        ))
        lines.append("  content %s" % action.content if action.mnemonic == "FileWrite" else "  no content")
        lines.append("  argv %s" % ([one.rpartition("/")[2] for one in action.argv][1:] if action.argv else None))
        if action.mnemonic == "TemplateExpand":
            lines.append("  substitutions %s" % action.substitutions)
        lines.append("  env %s" % action.env.get("A"))
    return [Actions(lines = lines)]

actions_aspect = aspect(implementation = _actions_impl)

def _show_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".lines")
    ctx.actions.write(out, "\n".join(ctx.attr.target[Actions].lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show_actions = rule(implementation = _show_impl, attrs = {"target": attr.label(aspects = [actions_aspect])})
