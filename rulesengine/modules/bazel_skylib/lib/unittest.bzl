"""Tests of .bzl files: of functions (unittest), of rules (analysistest), of what loading does (loadingtest)."""

load(":new_sets.bzl", "sets")
load(":types.bzl", "types")

_TargetUnderTest = provider(
    doc = "What an aspect found out about the target under test.",
    fields = {
        "actions": "its actions",
        "bin_path": "the directory of its outputs",
    },
)

TOOLCHAIN_TYPE = "@bazel_skylib//toolchains/unittest:toolchain_type"
UnittestToolchainInfo = provider(
    doc = "How a test's script is written; accepted for those who give their own.",
    fields = ["file_ext", "success_templ", "failure_templ", "join_on", "escape_chars_with", "escape_other_chars_with"],
)

def _toolchain_impl(ctx):
    given = {name: getattr(ctx.attr, name) for name in _SCRIPT_WORDS + ["escape_chars_with", "escape_other_chars_with"]}
    return [platform_common.ToolchainInfo(unittest_toolchain_info = UnittestToolchainInfo(**given))]

_SCRIPT_WORDS = ["file_ext", "success_templ", "failure_templ", "join_on"]

unittest_toolchain = rule(
    doc = "How a test's script is written.",
    implementation = _toolchain_impl,
    attrs = {name: attr.string(mandatory = True) for name in _SCRIPT_WORDS} | {
        "escape_chars_with": attr.string_dict(),
        "escape_other_chars_with": attr.string(),
    },
)

def _target_aspect_impl(target, ctx):
    return [_TargetUnderTest(
        actions = target.actions,
        bin_path = ctx.bin_dir.path,
    )]

_target_aspect = aspect(implementation = _target_aspect_impl)

# ---- making tests -----------------------------------------------------------

def _name_of(impl):
    """`_impl from //:tests.bzl`"""
    return str(impl).partition("<function ")[2].rpartition(">")[0]

def _make(impl, attrs = {}, doc = "", toolchains = []):
    """A test rule whose implementation calls unittest.begin(ctx) and returns unittest.end(env)."""
    all_attrs = dict(attrs)
    all_attrs["_impl_name"] = attr.string(default = _name_of(impl))
    return rule(
        impl,
        doc = doc,
        attrs = all_attrs,
        test = True,
        toolchains = toolchains,
    )

def _make_analysis(
        impl,
        expect_failure = False,
        attrs = {},
        fragments = [],
        config_settings = {},
        extra_target_under_test_aspects = [],
        doc = ""):
    """A test rule that looks at `target_under_test` after its analysis, in a configuration of its own if need be."""
    all_attrs = dict(attrs)
    aspects = [_target_aspect] + extra_target_under_test_aspects
    changed = dict(config_settings)
    if expect_failure:
        changed["//command_line_option:allow_analysis_failures"] = "True"
    if changed:
        all_attrs["target_under_test"] = attr.label(
            aspects = aspects,
            cfg = analysis_test_transition(settings = changed),
            mandatory = True,
        )
    else:
        all_attrs["target_under_test"] = attr.label(aspects = aspects, mandatory = True)
    all_attrs["_impl_name"] = attr.string(default = _name_of(impl))
    all_attrs["_config_settings"] = attr.string_dict(default = {key: str(value) for key, value in changed.items()})
    return rule(
        impl,
        doc = doc,
        attrs = all_attrs,
        fragments = fragments,
        test = True,
        analysis_test = True,
    )

def _loading_impl(ctx):
    script = ctx.actions.declare_file("loading_test_%s.sh" % ctx.label.name)
    ctx.actions.write(script, _script([ctx.attr.failure_message] if ctx.attr.failure_message else []), is_executable = True)
    return [DefaultInfo(executable = script)]

_loading_test = rule(
    implementation = _loading_impl,
    attrs = {"failure_message": attr.string()},
    test = True,
)

# ---- running them ---------------------------------------------------------------

def _begin(ctx):
    """The environment of one test, for the asserts."""
    return struct(ctx = ctx, failures = [])

def _script(failures):
    lines = ["#!/bin/sh"]
    if failures:
        lines.append("cat <<'END_OF_FAILURES'")
        lines += failures
        lines += ["END_OF_FAILURES", "exit 1", ""]
    return "\n".join(lines + ([] if failures else ["exit 0"]))

def _end(env):
    """What a unit test returns."""
    script = env.ctx.actions.declare_file(env.ctx.label.name + ".sh")
    env.ctx.actions.write(script, _script(env.failures), is_executable = True)
    return [DefaultInfo(executable = script)]

def _end_analysis(env):
    """What an analysis test returns."""
    return [AnalysisTestResultInfo(
        success = not env.failures,
        message = "\n".join(env.failures),
    )]

def _fail(env, msg):
    """Let the test fail, and go on."""
    name = getattr(env.ctx.attr, "_impl_name", "")
    full = "In test %s: %s" % (name, msg) if name else msg

    # buildifier: disable=print
    print(full)
    env.failures.append(full)

def _target_under_test(env):
    """The target an analysis test looks at."""
    found = getattr(env.ctx.attr, "target_under_test")
    if types.is_list(found):
        if not found:
            fail("test rule does not have a target_under_test")
        return found[0]
    return found

def _target_actions(env):
    """The actions of the target under test."""
    return _target_under_test(env)[_TargetUnderTest].actions

def _target_bin_dir_path(env):
    """The directory in which the target under test has its outputs."""
    return _target_under_test(env)[_TargetUnderTest].bin_path

def _suite(name, *test_rules, **kwargs):
    """Targets of test rules, named NAME_test_0 and so on, and a test_suite of them."""
    names = []
    for number, make in enumerate(test_rules):
        test_name = "%s_test_%d" % (name, number)
        if type(make) == "function" or not hasattr(make, "function"):
            make(name = test_name, **kwargs)
        else:
            make.function(name = test_name, *make.args, **dict(make.kwargs, **kwargs))
        names.append(":" + test_name)
    native.test_suite(
        name = name,
        tests = names,
    )

# ---- asserts ------------------------------------------------------------------

def _expect(env, holds, text, msg):
    if not holds:
        _fail(env, (msg + " (" + text + ")") if msg else text)

def _true(env, condition, msg = "Expected condition to be true, but was false."):
    if not condition:
        _fail(env, msg)

def _false(env, condition, msg = "Expected condition to be false, but was true."):
    if condition:
        _fail(env, msg)

def _equals(env, expected, actual, msg = None):
    _expect(env, expected == actual, 'Expected "%s", but got "%s"' % (expected, actual), msg)

def _set_equals(env, expected, actual, msg = None):
    if types.is_set(actual) and sets.is_equal(expected, actual):
        return
    missing = sets.to_list(sets.difference(expected, actual)) if types.is_set(actual) else expected
    surplus = sets.to_list(sets.difference(actual, expected)) if types.is_set(actual) else actual
    _expect(env, False, "Expected %r, but got %r; missing are %s, unexpected are %s" % (expected, actual, missing, surplus), msg)

_new_set_equals = _set_equals

def _expect_failure(env, expected_failure_msg = ""):
    """Check that the analysis of the target under test failed, with a message that holds this one."""
    target = _target_under_test(env)
    if AnalysisFailureInfo not in target:
        _fail(env, "Expected failure of target_under_test, but found success")
        return
    messages = [cause.message for cause in target[AnalysisFailureInfo].causes.to_list()]
    if not any([expected_failure_msg in one for one in messages]):
        _fail(env, "Expected errors to contain '%s' but did not. Actual errors:%s" % (expected_failure_msg, "".join(["\n" + one for one in messages])))

asserts = struct(
    equals = _equals,
    expect_failure = _expect_failure,
    false = _false,
    new_set_equals = _new_set_equals,
    set_equals = _set_equals,
    true = _true,
)

unittest = struct(
    begin = _begin,
    end = _end,
    fail = _fail,
    make = _make,
    suite = _suite,
    toolchain_type = TOOLCHAIN_TYPE,
)

analysistest = struct(
    begin = _begin,
    end = _end_analysis,
    fail = _fail,
    make = _make_analysis,
    target_actions = _target_actions,
    target_bin_dir_path = _target_bin_dir_path,
    target_under_test = _target_under_test,
)

def _loading_make(name):
    """The environment of loading tests: a test_suite that stands for all of them."""
    native.test_suite(
        name = name + "_tests",
        tags = [name + "_test_case"],
    )
    return struct(name = name)

def _loading_equals(env, test_case, expected, actual):
    """A test that passes when two values are equal at loading time."""
    _loading_test(
        name = "%s_%s" % (env.name, test_case),
        failure_message = None if expected == actual else 'Expected "%s", but got "%s"' % (expected, actual),
        tags = [env.name + "_test_case"],
    )

loadingtest = struct(
    equals = _loading_equals,
    make = _loading_make,
)
