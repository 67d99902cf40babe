def _impl(ctx):
    name = ctx.label.name
    actions = ctx.actions
    out = actions.declare_file(name + ".txt")
    if name == "same_write":
        actions.write(out, "1\n")
        actions.write(out, "1\n")
    elif name == "same_run":
        for _ in range(2):
            actions.run_shell(outputs = [out], command = "echo once > " + out.path)
    elif name == "other_content":
        actions.write(out, "1\n")
        actions.write(out, "2\n")
    elif name == "prefix":
        inside = actions.declare_file("prefix.txt/inside.txt")
        actions.write(out, "out")
        actions.write(inside, "in")
        return [DefaultInfo(files = depset([inside, out]))]
    elif name == "in_tree":
        tree = actions.declare_directory("in_tree.d")
        inside = actions.declare_file("in_tree.d/inside.txt")
        actions.run_shell(outputs = [tree], command = "echo t > $1/t.txt", arguments = [tree.path])
        actions.write(inside, "in")
        actions.write(out, "out")
        return [DefaultInfo(files = depset([tree, inside, out]))]
    elif name == "asks_none":
        actions.declare_file("never_made.txt")
        actions.write(out, "out")
    elif name == "two_kinds":
        actions.declare_directory("two_kinds.txt")
        actions.write(out, "out")
    elif name == "twice_declared":
        again = actions.declare_file(name + ".txt")
        actions.write(again, "same file: %s\n" % (again == out))
    elif name == "empty_outputs":
        actions.run(outputs = [], executable = "true")
    elif name == "foreign":
        actions.write(ctx.files.srcs[0], "foreign")
    elif name == "output_is_input":
        actions.run_shell(outputs = [out], inputs = [out], command = "echo a > " + out.path)
    elif name == "missing_in_runfiles":
        actions.write(out, "out")
        return [DefaultInfo(
            files = depset([out]),
            runfiles = ctx.runfiles([actions.declare_file("missing_runfile.txt")]),
        )]
    elif name == "many_missing":
        actions.write(out, "out")
        for n in range(4):
            actions.declare_file("missing%d.txt" % n)
    return [DefaultInfo(files = depset([out]))]

case = rule(
    implementation = _impl,
    attrs = {"srcs": attr.label_list(allow_files = True)},
)

def _shared_impl(ctx):
    out = ctx.actions.declare_file(ctx.attr.out)
    ctx.actions.write(out, ctx.attr.content + "\n")
    return [DefaultInfo(files = depset([out]))]

shared = rule(
    implementation = _shared_impl,
    attrs = {
        "content": attr.string(),
        "out": attr.string(),
    },
)
