def _impl(ctx):
    return []

thing = rule(
    implementation = _impl,
    attrs = {
        "count": attr.int(default = 3),
        "deps": attr.label_list(),
        "words": attr.string_list(),
    },
)

def macro_thing(name, **kwargs):
    thing(name = name, **kwargs)

def show(name):
    lines = []
    for rule_name, rule in native.existing_rules().items():
        lines.append("%s %s" % (rule_name, rule["kind"]))
    one = native.existing_rule("two")
    for key in ["name", "kind", "count", "deps", "words", "tags", "generator_name", "generator_function", "testonly", "visibility"]:
        lines.append("%s = %r" % (key, one.get(key, "absent")))
    lines.append(str(native.existing_rule("nothing")))
    lines.append(native.package_name() + " " + native.repository_name())
    lines.append(str(native.package_relative_label(":x")))
    native.genrule(
        name = name,
        outs = [name + ".txt"],
        cmd = "cat > $@ <<'END'\n" + "\n".join([line.replace("$", "$$") for line in lines]) + "\nEND",
    )
