def _fails_impl(ctx):
    fail(ctx.attr.message)

fails = rule(implementation = _fails_impl, attrs = {"message": attr.string()})

def _check_impl(ctx):
    for cause in ctx.attr.target[0][AnalysisFailureInfo].causes.to_list():
        print("%s: %r" % (cause.label.name, cause.message.split("Error in fail: ")[-1]))
    return [AnalysisTestResultInfo(success = True, message = "")]

check_test = rule(
    implementation = _check_impl,
    analysis_test = True,
    attrs = {"target": attr.label(
        cfg = analysis_test_transition(settings = {"//command_line_option:allow_analysis_failures": "True"}),
    )},
)

def tests(**messages):
    for name, message in messages.items():
        fails(name = name, message = message, tags = ["manual"])
        check_test(name = name + "_test", target = name)
    native.test_suite(name = "all_tests", tests = [name + "_test" for name in messages])

def _files_impl(ctx):
    for one in ctx.files.srcs:
        print(one.path, one.short_path, one.basename, one.dirname, one.is_source, one.owner.name)
    return []

files = rule(implementation = _files_impl, attrs = {"srcs": attr.label_list(allow_files = True)})
