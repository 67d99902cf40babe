def _impl(name, visibility, src):
    native.genrule(
        name = name + "_inner",
        outs = [name + "_inner.txt"],
        cmd = "echo inner > $@",
    )
    native.filegroup(
        name = name,
        srcs = [":" + name + "_inner", "//f:given.txt" if src == None else src],
        visibility = visibility,
    )

inner = macro(implementation = _impl, attrs = {"src": attr.label(configurable = False)})
