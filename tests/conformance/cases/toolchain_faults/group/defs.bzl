grouped = rule(
    implementation = lambda ctx: [],
    attrs = {"_tool": attr.label(
        default = "//:plain",
        cfg = config.exec("unheard_of"),
    )},
)
