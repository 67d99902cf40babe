def _show_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    lines = ["words %s" % ",".join(ctx.attr.words), "tags %s" % ",".join(ctx.attr.tags), "deps %s" % ",".join([d.label.name for d in ctx.attr.deps])]
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(
    implementation = _show_impl,
    attrs = {
        "words": attr.string_list(default = ["from the rule"]),
        "deps": attr.label_list(allow_files = True),
        "_tool": attr.label(default = ":tool"),
    },
)

def _lines_impl(name, visibility, lines):
    native.genrule(
        name = name,
        outs = [name + ".txt"],
        cmd = "cat > $@ <<'END'\n%s\nEND" % "\n".join(lines),
        visibility = visibility,
    )

lines = macro(implementation = _lines_impl, attrs = {"lines": attr.string_list(configurable = False)})

def _wrap_impl(name, visibility, words, extra, **kwargs):
    facts = ["words %r" % words, "extra %r" % extra] + ["%s %r" % (key, kwargs[key]) for key in ["deps", "tags", "testonly"]]
    facts.append("visibility %r" % visibility)
    lines(name = name + "_facts", lines = facts)
    show(name = name, words = words, visibility = visibility, **kwargs)

wrap = macro(
    implementation = _wrap_impl,
    inherit_attrs = show,
    attrs = {
        "words": attr.string_list(default = ["from the macro"]),
        "extra": attr.label(default = ":helper"),
        "features": None,
    },
)

def _outer_impl(name, visibility, **kwargs):
    wrap(name = name, visibility = visibility, **kwargs)
    lines(name = name + "-other", lines = ["features" if "features" in kwargs else "no features", "tags %r" % kwargs["tags"]])

outer = macro(implementation = _outer_impl, inherit_attrs = wrap)

def _common_impl(name, visibility, **kwargs):
    lines(name = name, visibility = visibility, lines = [key for key in ["tags", "testonly", "features", "deprecation", "words", "name"] if key in kwargs])

common = macro(implementation = _common_impl, inherit_attrs = "common")

def _last_impl(name, visibility, keep):
    lines(name = name, lines = sorted(native.existing_rules().keys()) + [keep, str(native.existing_rule(name + "_not"))])
    lines(name = name + ".not", lines = ["made by a finalizer"])

last = macro(
    implementation = _last_impl,
    finalizer = True,
    attrs = {"keep": attr.string(default = "default", configurable = False)},
)

def _all_impl(name, visibility, **kwargs):
    lines(name = name, lines = ["%s %s %r" % (key, type(value), value) for key, value in sorted(kwargs.items())])

all_kinds = macro(
    implementation = _all_impl,
    attrs = {
        "a_bool": attr.bool(),
        "b_int": attr.int(default = 3),
        "c_label": attr.label(),
        "d_labels": attr.label_list(),
        "e_dict": attr.string_dict(default = {"z": "1", "a": "2"}),
        "f_keyed": attr.label_keyed_string_dict(),
        "g_output": attr.output(),
        "h_lists": attr.string_list_dict(),
        "i_fixed": attr.label(configurable = False),
        "j_fixed": attr.int_list(configurable = False, default = [1]),
    },
)
