def _impl(ctx):
    return []

every = rule(
    implementation = _impl,
    attrs = {
        "a_bool": attr.bool(),
        "b_int": attr.int(default = 3),
        "c_label": attr.label(),
        "d_labels": attr.label_list(allow_files = True),
        "e_dict": attr.string_dict(default = {"z": "1", "a": "2"}),
        "f_keyed": attr.label_keyed_string_dict(),
        "g_output": attr.output(),
        "h_lists": attr.string_list_dict(),
        "i_ints": attr.int_list(),
        "j_outputs": attr.output_list(),
        "k_string": attr.string(),
        "_private": attr.string(default = "p"),
    },
)

def two_of_them(name, **kwargs):
    every(name = name, **kwargs)
    every(
        name = name + "_too",
        a_bool = True,
        b_int = select({"//conditions:default": 7}),
        c_label = Label("//pkg:lib"),
        d_labels = [":file.txt", "//pkg:lib"] + select({"//pkg:opt": ["other.txt"], "//conditions:default": []}),
        e_dict = {"k": "v"},
        f_keyed = {":lib": "x"},
        g_output = "made.txt",
        h_lists = {"l": ["1", "2"]},
        i_ints = [1, 2],
        j_outputs = ["m1.txt", "m2.txt"],
        k_string = "text",
        tags = ["b", "a"],
        visibility = ["//visibility:public", "//other:__pkg__"] if False else ["//other:__pkg__"],
        testonly = True,
        deprecation = "old",
        features = ["f"],
    )

_SKIP = {"generator_location": 1}

def show(name):
    lines = []
    for rule_name, rule in native.existing_rules().items():
        lines.append("%s %s" % (rule_name, "generator_location" in rule))
        for key, value in sorted(rule.items()):
            if key not in _SKIP:
                lines.append("  %s = %r" % (key, value))
    native.genrule(
        name = name,
        outs = [name + ".txt"],
        cmd = "cat > $@ <<'END'\n" + "\n".join([line.replace("$", "$$") for line in lines]) + "\nEND",
    )
