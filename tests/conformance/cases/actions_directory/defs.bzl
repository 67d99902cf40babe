def _tree_impl(ctx):
    tree = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(
        outputs = [tree],
        command = "mkdir -p $1/b/c && echo 1 > $1/one.txt && echo 2 > $1/b/two.txt && echo 3 > $1/b/c/three.sh",
        arguments = [tree.path],
    )
    return [DefaultInfo(files = depset([tree]))]

tree = rule(implementation = _tree_impl)

def _short(file):
    return file.short_path

def _texts(file, expander):
    return [f.short_path for f in expander.expand(file) if f.extension == "txt"]

def _show_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    args = ctx.actions.args()
    args.add(out)
    args.add_all(ctx.files.srcs, map_each = _short, before_each = "-f")
    args.add_all(ctx.files.srcs, expand_directories = False, map_each = _short, format_each = "dir:%s")
    args.add_joined(ctx.files.srcs, join_with = ",", map_each = _short)
    args.add_all(ctx.files.srcs, map_each = _texts, expand_directories = False)
    ctx.actions.run_shell(
        outputs = [out],
        inputs = ctx.files.srcs,
        arguments = [args],
        command = "out=$1; shift; for a in \"$@\"; do echo \"$a\" >> $out; done; find -L . -name '*.txt' -path '*tree/*' | sed 's,.*/bin/,,' | sort >> $out",
    )
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _show_impl, attrs = {"srcs": attr.label_list(allow_files = True)})
