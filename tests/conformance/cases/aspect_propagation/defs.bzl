Seen = provider(fields = ["lines"])

def _deps(ctx):
    out = []
    for name in ["dep", "_hidden", "tool", "gen"]:
        one = getattr(ctx.rule.attr, name, None)
        if one != None and type(one) == "Target" and Seen in one:
            out.append(one)
    for name in ["deps", "data", "srcs"]:
        out += [one for one in getattr(ctx.rule.attr, name, []) if Seen in one]
    out += [one for one in getattr(ctx.rule.attr, "keyed", {}).keys() if Seen in one]
    return out

def _seen_impl(target, ctx):
    lines = ["%s %s %s" % (ctx.label.name, ctx.rule.kind, [f.short_path for f in target.files.to_list()])]
    return [Seen(lines = depset(lines, transitive = [one[Seen].lines for one in _deps(ctx)], order = "postorder"))]

star = aspect(implementation = _seen_impl, attr_aspects = ["*"])
hidden = aspect(implementation = _seen_impl, attr_aspects = ["_hidden", "dep"])
generating = aspect(implementation = _seen_impl, attr_aspects = ["srcs", "gen"], apply_to_generating_rules = True)
files = aspect(implementation = _seen_impl, attr_aspects = ["srcs", "gen"])

def _detail_impl(target, ctx):
    rule = ctx.rule
    lines = [
        str(ctx.label),
        str(target.label),
        rule.kind,
        str([f.short_path for f in rule.files.srcs]) if hasattr(rule.files, "srcs") else "none",
        rule.file.one.short_path if getattr(rule.file, "one", None) else "none",
        rule.executable.tool.basename if getattr(rule.executable, "tool", None) else "none",
        str(rule.attr.tags),
        rule.attr.name,
        str(sorted([name for name in dir(rule) if name in ["attr", "files", "file", "executable", "kind", "toolchains"]])),
        str(ctx.aspect_ids),
        str(OutputGroupInfo in target),
        str(type(target)),
        ctx.bin_dir.path == rule.attr.name or "other",
    ]
    return [Seen(lines = depset([str(one) for one in lines]))]

detail = aspect(implementation = _detail_impl)

def _node_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".out")
    ctx.actions.write(out, "")
    return [DefaultInfo(files = depset([out]))]

node = rule(
    implementation = _node_impl,
    attrs = {
        "dep": attr.label(),
        "deps": attr.label_list(),
        "gen": attr.output(),
        "keyed": attr.label_keyed_string_dict(),
        "one": attr.label(allow_single_file = True),
        "srcs": attr.label_list(allow_files = True),
        "tool": attr.label(cfg = "exec"),
        "_hidden": attr.label(default = "//:hidden_leaf"),
    },
)

def _leaf_impl(ctx):
    return []

leaf = rule(implementation = _leaf_impl)

def _show_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    lines = []
    for dep in ctx.attr.deps:
        lines.append("= " + str(dep.label))
        lines += dep[Seen].lines.to_list() if Seen in dep else ["nothing"]
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show_star = rule(implementation = _show_impl, attrs = {"deps": attr.label_list(aspects = [star], allow_files = True)})
show_hidden = rule(implementation = _show_impl, attrs = {"deps": attr.label_list(aspects = [hidden])})
show_generating = rule(implementation = _show_impl, attrs = {"deps": attr.label_list(aspects = [generating], allow_files = True)})
show_files = rule(implementation = _show_impl, attrs = {"deps": attr.label_list(aspects = [files], allow_files = True)})
show_detail = rule(implementation = _show_impl, attrs = {"deps": attr.label_list(aspects = [detail], allow_files = True)})
show_exec = rule(implementation = _show_impl, attrs = {"deps": attr.label_list(aspects = [star], cfg = "exec")})
