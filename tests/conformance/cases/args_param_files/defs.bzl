def _one(ctx, name, format, always, count, arg = "@%s"):
    args = ctx.actions.args()
    args.use_param_file(arg, use_always = always)
    args.set_param_file_format(format)
    args.add_all(["plain", "two words", "it's", "a\"b", "", "back\\slash", "$x"])
    args.add("--flag", "v v")
    args.add_all(["--flag=%d" % i for i in range(count)])
    out = ctx.actions.declare_file(name)
    ctx.actions.run_shell(
        outputs = [out],
        arguments = [args],
        command = "echo \"$#\" > %s; for a in \"$@\"; do case \"$a\" in @*) cat \"${a#@}\";; --params=*) cat ${a#--params=};; *) echo \"[$a]\";; esac; done | head -n 40 >> %s" % (out.path, out.path),
    )
    return out

def _impl(ctx):
    return [DefaultInfo(files = depset([
        _one(ctx, "shell.txt", "shell", True, 1),
        _one(ctx, "multiline.txt", "multiline", True, 1),
        _one(ctx, "named.txt", "multiline", True, 1, "--params=%s"),
        _one(ctx, "short.txt", "multiline", False, 1),
        _one(ctx, "long.txt", "multiline", False, 200000),
    ]))]

params = rule(implementation = _impl)
