# ---- analysis tests --------------------------------------------------------

AnalysisTestResultInfo = _provider(fields = ["success", "message"])
AnalysisFailureInfo = _provider(fields = ["causes"])

def _execution_info(requirements = {}, exec_group = "test"):
    return {"requirements": _texts(requirements, "testing.ExecutionInfo(requirements)"), "exec_group": _text(exec_group, "exec_group")}

ExecutionInfo__, _ = _provider(fields = ["requirements", "exec_group"], init = _execution_info)

def _no_analysis_test(*_, **__):
    fail("testing.analysis_test() is not there, since a rule is declared where a .bzl file is loaded: declare the test with rule(analysis_test = True), or with analysistest.make() of @bazel_skylib//lib:unittest.bzl")

testing = struct(
    ExecutionInfo = ExecutionInfo__,
    TestEnvironment = lambda environment, inherited_environment = []: RunEnvironmentInfo(
        environment = environment,
        inherited_environment = inherited_environment,
    ),
    analysis_test = _no_analysis_test,
)

[
    py_name_provider(constructor(provider_id__ = True), name)
    for name, constructor in [
        ("AnalysisTestResultInfo", AnalysisTestResultInfo),
        ("AnalysisFailureInfo", AnalysisFailureInfo),
        ("ExecutionInfo", ExecutionInfo__),
    ]
]

def analysis_test_transition(*, settings):
    if type(settings) != "dict":
        fail("analysis_test_transition(settings = ...) is a dict of settings, not %s" % type__(settings))
    return struct(
        _type = "transition",
        implementation = lambda before, attr: settings,
        inputs = [],
        outputs = [key for key in settings],
    )

def _analysis_test(id, label, log, got):
    """The providers of an analysis test: its result, and a program that tells it."""
    for one in got if type(got) == "list" else [got]:
        if _is_provider(one, AnalysisTestResultInfo):
            if type(one.success) != "bool" or type(one.message) != "string":
                fail("%s: AnalysisTestResultInfo has success, a bool, and message, a string" % label._text)
            script = declare__(id, label, log, label.name + ".sh")
            actions__(id, label, [], log).write(script, _told(one.success, one.message), is_executable = True)
            return [one, DefaultInfo(executable = script, files = depset([script]))]
    fail("%s: rules with analysis_test=true must return an instance of AnalysisTestResultInfo" % label._text)

def _is_provider(value, provider):
    return type(value) == "struct" and getattr(value, "_provider", None) == provider

def _told(success, message):
    lines = ["echo " + "".join(["\\" + one for one in line.elems()]) for line in message.split("\n")]
    return "\n".join(["#!/bin/sh"] + lines + ["exit " + ("0" if success else "1")])

def failed__(spec, modules):
    """A target whose analysis failed, for those that wait for it to fail: a list of one."""
    spec = json.decode(spec)
    label = label__(*spec["label"])
    causes = [one[AnalysisFailureInfo].causes for one in _needed(spec, modules)]
    own = [struct(_type = "AnalysisFailure", label = label, message = one) for one in spec["messages"]]
    return [{
        "label__": label,
        DefaultInfo: _default_info(depset(), NO_RUNFILES__, None),
        OutputGroupInfo: _NO_GROUPS,
        AnalysisFailureInfo: AnalysisFailureInfo(causes = depset(own, transitive = causes)),
    }]
