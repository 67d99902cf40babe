def _tree_impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(outputs = [out], command = ctx.attr.command, arguments = [out.path])
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

tree = rule(implementation = _tree_impl, attrs = {"command": attr.string()})

def _listed_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    args = ctx.actions.args()
    args.add_all("--all", ctx.files.srcs, terminate_with = "--end", omit_if_empty = False)
    args.add_all("--none", ctx.files.srcs[:1])
    args.add_joined("--joined", depset(ctx.files.srcs), join_with = ";", format_each = "<%s>", format_joined = "[%s]")
    args.add_joined("--nothing", ctx.files.srcs[:1], join_with = ";", omit_if_empty = False)
    args.add_all(ctx.files.srcs, expand_directories = False, before_each = "-d")
    args.add_all(ctx.files.srcs + ctx.files.srcs, uniquify = True, map_each = lambda f: [f.basename, f.dirname.rpartition("/")[2]], allow_closure = True)
    ctx.actions.write(out, args)
    second = ctx.actions.declare_file(ctx.label.name + "_params.txt")
    args.use_param_file("--params=%s", use_always = True)
    args.set_param_file_format("multiline")
    ctx.actions.run_shell(
        outputs = [second],
        inputs = ctx.files.srcs,
        arguments = [args],
        command = "cat \"${1#--params=}\" > " + second.path,
    )
    return [DefaultInfo(files = depset([out, second]))]

listed = rule(implementation = _listed_impl, attrs = {"srcs": attr.label_list()})

def _copy_impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name + "/deep/tree")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = [ctx.file.src],
        command = "cp -rL $1/. $2/; test -x $1/run; test -d $1; mkdir -p $2/hollow; cp -r $1/sub $2/again",
        arguments = [ctx.file.src.path, out.path],
    )
    return [DefaultInfo(files = depset([out]))]

copy = rule(implementation = _copy_impl, attrs = {"src": attr.label(allow_single_file = True)})

def _add_impl(ctx):
    args = ctx.actions.args()
    args.add(ctx.file.src)
    return []

add = rule(implementation = _add_impl, attrs = {"src": attr.label(allow_single_file = True)})
