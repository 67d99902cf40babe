load("@bazel_skylib//lib:partial.bzl", "partial")
load("@bazel_skylib//lib:sets.bzl", "sets")
load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "loadingtest", "unittest")

Info = provider(fields = ["value"])

def _good_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, 1, 1)
    asserts.true(env, True)
    asserts.false(env, False)
    asserts.set_equals(env, sets.make([1, 2]), sets.make([2, 1]))
    return unittest.end(env)

good_test = unittest.make(_good_impl)

def _attrs_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, "given", ctx.attr.text)
    return unittest.end(env)

attrs_test = unittest.make(_attrs_impl, attrs = {"text": attr.string(default = "given")})

def _subject_impl(ctx):
    if ctx.attr.broken:
        fail("broken on purpose")
    out = ctx.actions.declare_file(ctx.label.name + ".out")
    ctx.actions.write(out, "text")
    return [Info(value = ctx.attr.value), DefaultInfo(files = depset([out]))]

subject = rule(
    implementation = _subject_impl,
    attrs = {
        "broken": attr.bool(),
        "value": attr.int(),
    },
)

def _provider_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, 5, target[Info].value)
    actions = analysistest.target_actions(env)
    asserts.equals(env, 1, len(actions))
    asserts.equals(env, "FileWrite", actions[0].mnemonic)
    asserts.equals(env, "text", actions[0].content)
    asserts.equals(env, ["subject.out"], [f.basename for f in actions[0].outputs.to_list()])
    asserts.true(env, analysistest.target_bin_dir_path(env).endswith("/bin"))
    return analysistest.end(env)

provider_test = analysistest.make(_provider_impl)

def _wrong_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, 6, analysistest.target_under_test(env)[Info].value)
    return analysistest.end(env)

wrong_test = analysistest.make(_wrong_impl)

def _failure_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, "broken on purpose")
    return analysistest.end(env)

failure_test = analysistest.make(_failure_impl, expect_failure = True)

def _opt_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.equals(env, 5, analysistest.target_under_test(env)[Info].value)
    return analysistest.end(env)

opt_test = analysistest.make(_opt_impl, config_settings = {"//command_line_option:compilation_mode": "opt"})

def suite(name):
    subject(name = "subject", value = 5, tags = ["manual"])
    subject(name = "broken", broken = True, tags = ["manual"])
    provider_test(name = "provider_test", target_under_test = ":subject")
    wrong_test(name = "wrong_test", target_under_test = ":subject")
    failure_test(name = "failure_test", target_under_test = ":broken")
    opt_test(name = "opt_test", target_under_test = ":subject")
    unittest.suite("unit", good_test, partial.make(attrs_test, size = "small"))
    env = loadingtest.make("loading")
    loadingtest.equals(env, "same", 1, 1)
