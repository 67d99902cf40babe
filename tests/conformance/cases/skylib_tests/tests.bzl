load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts", "unittest")

def _good_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, 1, 1)
    asserts.true(env, True)
    asserts.false(env, False)
    return unittest.end(env)

good_test = unittest.make(_good_impl)

def _bad_impl(ctx):
    env = unittest.begin(ctx)
    asserts.equals(env, 1, 2, "numbers")
    return unittest.end(env)

bad_test = unittest.make(_bad_impl)

Info = provider(fields = ["value"])

def _subject_impl(ctx):
    if ctx.attr.broken:
        fail("broken on purpose")
    return [Info(value = ctx.attr.value)]

subject = rule(implementation = _subject_impl, attrs = {"broken": attr.bool(), "value": attr.int()})

def _provider_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, 5, target[Info].value)
    return analysistest.end(env)

provider_test = analysistest.make(_provider_test_impl)

def _failure_test_impl(ctx):
    env = analysistest.begin(ctx)
    asserts.expect_failure(env, "broken on purpose")
    return analysistest.end(env)

failure_test = analysistest.make(_failure_test_impl, expect_failure = True)

def suite(name):
    subject(name = "subject", value = 5, tags = ["manual"])
    subject(name = "broken", broken = True, tags = ["manual"])
    provider_test(name = "provider_test", target_under_test = ":subject")
    failure_test(name = "failure_test", target_under_test = ":broken")
    good_test(name = "good_test")
    bad_test(name = "bad_test")
