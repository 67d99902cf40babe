def one(name):
    before = sorted(native.existing_rules().keys())
    print("before %s: %s" % (name, before))

    def _impl(ctx):
        return [AnalysisTestResultInfo(success = before != ["n_t1", "t1", "t2"], message = str(before))]

    testing.analysis_test(name = name, implementation = _impl)

def more():
    for name in native.existing_rules():
        if name.startswith("t"):
            one("n_" + name)
    if native.existing_rule("t1")["kind"] == "t1_test":
        one("t1_is_t1_test")
