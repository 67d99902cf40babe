def _transition_impl(settings, attr):
    return {"//command_line_option:compilation_mode": "opt"}

bad = transition(implementation = _transition_impl, inputs = [], outputs = ["//command_line_option:cpu"])

def _impl(ctx):
    return []

r = rule(
    implementation = _impl,
    attrs = {"_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist")},
    cfg = bad,
)
