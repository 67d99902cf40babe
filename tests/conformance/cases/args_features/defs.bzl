def _two(text):
    return [text, text.upper()]

def _some(text):
    return None if text == "skip" else "<%s>" % text

def _base(file):
    return file.basename

def _impl(ctx):
    args = ctx.actions.args()
    args.add("plain")
    args.add("--opt", "value")
    args.add("--fmt", "v", format = "x=%s.y")
    args.add("solo", format = "%s%%" if False else "-%s-")
    args.add("--int", 5)
    args.add_all(["a", "b"])
    args.add_all("--list", ["a", "b"])
    args.add_all("--empty", [])
    args.add_all("--empty-kept", [], omit_if_empty = False)
    args.add_all(["a", "b"], before_each = "-b", format_each = "[%s]")
    args.add_all(["a", "b"], terminate_with = "--end")
    args.add_all(["a", "b", "a"], uniquify = True)
    args.add_all(["a", "b"], map_each = _two)
    args.add_all(["a", "skip", "b"], map_each = _some)
    args.add_all(["skip"], map_each = _some, omit_if_empty = True)
    args.add_all("--skipped", ["skip"], map_each = _some)
    args.add_all("--kept", ["skip"], map_each = _some, omit_if_empty = False)
    args.add_all(depset(ctx.files.srcs), map_each = _base)
    args.add_joined(["a", "b"], join_with = ",")
    args.add_joined("--joined", ["a", "b"], join_with = ":", format_each = "<%s>", format_joined = "all=%s")
    args.add_joined("--none", [], join_with = ",")
    args.add_joined("--none-kept", [], join_with = ",", omit_if_empty = False)
    args.add_joined(ctx.files.srcs, join_with = " ", map_each = _base, uniquify = True)
    args.add(ctx.files.srcs[0], format = "--src=%s")
    args.add(ctx.label)
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = ctx.files.srcs,
        arguments = [args],
        command = "for a in \"$@\"; do echo \"[$a]\"; done > " + out.path,
    )
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _impl, attrs = {"srcs": attr.label_list(allow_files = True)})
