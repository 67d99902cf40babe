def _flag_impl(ctx):
    return []

string_flag = rule(implementation = _flag_impl, build_setting = config.string(flag = True))

def _split_impl(settings, attr):
    return {word: {"//:flavour": word} for word in attr.words}

split = transition(implementation = _split_impl, inputs = [], outputs = ["//:flavour"])

def _list_impl(settings, attr):
    return [{"//:flavour": "l1"}, {"//:flavour": "l2"}]

listed = transition(implementation = _list_impl, inputs = [], outputs = ["//:flavour"])

Seen = provider(fields = ["text"])

def _leaf_impl(ctx):
    return [Seen(text = ctx.attr.seen)]

leaf = rule(implementation = _leaf_impl, attrs = {"seen": attr.string()})

def _impl(ctx):
    lines = ["keys %s" % sorted(ctx.split_attr.deps.keys())]
    for key in sorted(ctx.split_attr.deps):
        lines.append("%s: %s" % (key, [d[Seen].text for d in ctx.split_attr.deps[key]]))
        lines.append("%s: %s" % (key, ctx.split_attr.dep[key][Seen].text))
    lines.append("flat %s" % sorted([d[Seen].text for d in ctx.attr.deps]))
    lines.append("flat %s" % sorted([d[Seen].text for d in ctx.attr.dep]))
    lines.append("listed %s" % sorted([d[Seen].text for d in ctx.attr.listed]))
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(
    implementation = _impl,
    attrs = {
        "dep": attr.label(cfg = split),
        "deps": attr.label_list(cfg = split),
        "listed": attr.label_list(cfg = listed),
        "words": attr.string_list(),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
)
