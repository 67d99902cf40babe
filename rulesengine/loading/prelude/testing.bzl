# ---- analysis tests --------------------------------------------------------

AnalysisTestResultInfo = _provider(fields = ["success", "message"])
AnalysisFailureInfo = _provider(fields = ["causes"])

def _execution_info(requirements = {}, exec_group = "test"):
    return {"requirements": _texts(requirements, "testing.ExecutionInfo(requirements)"), "exec_group": _text(exec_group, "exec_group")}

ExecutionInfo__, _ = _provider(fields = ["requirements", "exec_group"], init = _execution_info)

def _testing(analysis_test):
    return struct(
        ExecutionInfo = ExecutionInfo__,
        TestEnvironment = lambda environment, inherited_environment = []: RunEnvironmentInfo(
            environment = environment,
            inherited_environment = inherited_environment,
        ),
        analysis_test = analysis_test,
    )

def _declared_test(name, implementation, attrs = {}, fragments = [], toolchains = [], attr_values = {}):
    """A rule and its only target, both called by a BUILD file.  What Python keeps of the rule is plain data: the functions are
    found again when it is analysed, see again__()."""
    _text(name, "testing.analysis_test(name)")
    if type(implementation) != "function":
        fail("testing.analysis_test(implementation = ...) is a function, not %s" % type__(implementation))
    if type(attr_values) != "dict":
        fail("testing.analysis_test(attr_values = ...) is a dict of attributes to values, not %s" % type__(attr_values))
    if "name" in attr_values:
        fail("testing.analysis_test(): 'name' cannot be set in attr_values")
    check_attributes__(attrs)
    functions = functions__(attrs, None, None, None)
    id = py_test_rule(name, json.encode({
        "schema": {one: schema__(a) for one, a in attrs.items()},
        "exec_groups": exec_groups__(toolchains, [], {}),
        "functions": functions != None,
        "settings": {one: _answer(a.cfg.settings, 0) for one, a in attrs.items() if hasattr(a.cfg, "settings")},
    }), call_stack(strip_frames = 1))
    given = dict(attr_values)
    if functions != None:
        given = arguments__(functions, name, given)
    py_target(json.encode((id, name, {k: plain__(v, k) for k, v in given.items()}, call_stack(strip_frames = 1))))

testing = _testing(_declared_test)

def again__(specs, modules, rules_defaults, shared):
    """`testing` for the second evaluation of a BUILD file, in which the tests are analysed that the first one declared.

    specs: JSON for each test that is wanted; modules, shared: as of analyze_all__().
    """

    def analysis_test(name, implementation, attrs = {}, fragments = [], toolchains = [], attr_values = {}):
        wanted = py_test_again()
        for index in wanted:
            spec = json.decode(specs[index])
            if spec["label"][2] != name:
                fail("the BUILD file makes %s instead of %s when it is evaluated again" % (name, spec["label"][2]))
            rule = struct(
                implementation = implementation,
                attrs = attrs,
                provides = [],
                executable = True,
                test = True,
                analysis_test = True,
                parent = None,
            )
            _, base = base__(rule, rules_defaults[index])
            deps = [modules[other][place] if other >= 0 else file_target__(spec["files"][place]) for other, place in spec["deps"]]
            said = [], []
            target = _analyze(rule, base, spec, shared[spec["configuration"]], deps, [], said)
            say__(said)
            py_next()
            result = target[AnalysisTestResultInfo]
            py_test_done(index, result.success, result.message)
        if wanted:
            py_test_left()

    return _testing(analysis_test)

def again_transition__(attribute, values):
    """Likewise, for the transition of an attribute of one test."""

    def analysis_test(name, implementation, attrs = {}, fragments = [], toolchains = [], attr_values = {}):
        if not py_test_again():
            return
        cfg = attrs[attribute].cfg
        settings = json.decode(py_test_settings(json.encode(transition_ports__(cfg))))
        py_test_done(0, True, json.encode(transition__(cfg, settings, values)))
        py_test_left()

    return _testing(analysis_test)

def tested__(spec):
    """The target of a test that was analysed, from plain data."""
    script = file_target__(spec["script"])[DefaultInfo].files.to_list()[0]
    files = depset([script])
    return {
        "label__": label__(*spec["label"]),
        AnalysisTestResultInfo: AnalysisTestResultInfo(success = spec["success"], message = spec["message"]),
        DefaultInfo: _default_info(files, runfiles__(files, NO_RUNFILES__.symlinks, NO_RUNFILES__.root_symlinks), script),
        OutputGroupInfo: _NO_GROUPS,
    }

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
        settings = settings,
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
