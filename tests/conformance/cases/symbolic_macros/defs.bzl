def _pair_impl(name, visibility, words, suffix, **kwargs):
    native.genrule(
        name = name + "_first",
        outs = [name + "_first.txt"],
        cmd = "echo first %s > $@" % " ".join(words),
    )
    native.genrule(
        name = name,
        srcs = [":" + name + "_first"],
        outs = [name + suffix],
        cmd = "cat $(SRCS) > $@; echo second >> $@",
        visibility = visibility,
        **kwargs
    )

pair = macro(
    implementation = _pair_impl,
    doc = "Two genrules.",
    attrs = {
        "suffix": attr.string(default = ".txt", configurable = False),
        "tags": attr.string_list(configurable = False),
        "words": attr.string_list(mandatory = True, configurable = False),
    },
)

def _selecting_impl(name, visibility, value):
    native.genrule(
        name = name,
        outs = [name + ".txt"],
        cmd = select({"//conditions:default": "echo %s > $@" % type(value)}),
        visibility = visibility,
    )

selecting = macro(implementation = _selecting_impl, attrs = {"value": attr.string()})
