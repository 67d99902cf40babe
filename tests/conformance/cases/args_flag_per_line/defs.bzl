def _flags_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    tree = ctx.actions.declare_directory(ctx.label.name + ".tree")
    ctx.actions.run_shell(outputs = [tree], command = "echo > $1/a; echo > $1/b", arguments = [tree.path])
    args = ctx.actions.args()
    args.set_param_file_format("flag_per_line")
    args.add("--one", "1")
    args.add("name", "value")
    args.add("-s", "2")
    args.add("--formatted", "f", format = "<%s>")
    args.add_all("--empty", [])
    args.add_all("--kept", [], omit_if_empty = False)
    args.add_all("--each", ["a", "b"], before_each = "-e", terminate_with = "--end")
    args.add_all("--mapped", [1, 2], map_each = _number)
    args.add_all(["plain", "--later"])
    args.add_joined("--joined", ["x", "y"], join_with = " ")
    args.add_joined(["--x", "y"], join_with = ",")
    args.add_all("--tree", [tree], expand_directories = True, map_each = _base)
    args.add("--last=")
    args.add("--very", "--last")
    if ctx.label.name == "file":
        args.use_param_file("@%s", use_always = True)
    elif ctx.label.name == "optional":
        args.use_param_file("@%s")
    more = ctx.actions.args()
    more.add("--other", "args")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = [tree],
        arguments = ["first", args, more, "last"],
        command = "for a in \"$@\"; do case \"$a\" in @*) cat \"${a#@}\";; *) echo \"[$a]\";; esac; done > " + out.path,
    )
    return [DefaultInfo(files = depset([out]))]

def _base(file):
    return file.basename

flags = rule(implementation = _flags_impl)

def _number(x):
    return str(x) if x == 1 else ["two", "zwei"]
