def _fill(args):
    args.add("--one", "1")
    args.add("--two=2")
    args.add_all("--many", ["a", "b c", "d"])
    args.add_joined("--joined", ["x", "y"], join_with = ",")
    args.add("positional")
    args.add_all(["--three", "3", "--four"])
    args.add("it's \"quoted\"")
    args.set_param_file_format("flag_per_line")
    return args

def _flags_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    args = _fill(ctx.actions.args())
    args.use_param_file("--flagfile=%s", use_always = True)
    ctx.actions.run_shell(
        outputs = [out],
        arguments = [args],
        command = "for a in \"$@\"; do case \"$a\" in --flagfile=*) cat \"${a#--flagfile=}\";; *) echo \"[$a]\";; esac; done > " + out.path,
    )
    second = ctx.actions.declare_file(ctx.label.name + ".written")
    ctx.actions.write(second, _fill(ctx.actions.args()))
    return [DefaultInfo(files = depset([out, second]))]

flags = rule(implementation = _flags_impl)

def _faults_impl(ctx):
    args = ctx.actions.args()
    if ctx.label.name == "list":
        args.add(["a"])
    elif ctx.label.name == "format":
        args.add("a", format = "no place")
    elif ctx.label.name == "form":
        args.set_param_file_format("xml")
    elif ctx.label.name == "values":
        args.add_all("text")
    return []

faults = rule(implementation = _faults_impl)
