def _impl(ctx):
    link = ctx.actions.declare_file("link.txt")
    ctx.actions.symlink(output = link, target_file = ctx.file.src)
    made = ctx.actions.declare_file("made.txt")
    ctx.actions.write(made, "made\n")
    second = ctx.actions.declare_file("second.txt")
    ctx.actions.symlink(output = second, target_file = made)
    tree = ctx.actions.declare_directory("tree")
    ctx.actions.run_shell(outputs = [tree], command = "mkdir -p $1/sub && echo t > $1/sub/t.txt", arguments = [tree.path])
    tree_link = ctx.actions.declare_directory("tree_link")
    ctx.actions.symlink(output = tree_link, target_file = tree)
    dangling = ctx.actions.declare_symlink("dangling")
    ctx.actions.symlink(output = dangling, target_path = "some/where/else")
    script = ctx.actions.declare_file("run.sh")
    ctx.actions.symlink(output = script, target_file = ctx.file.script, is_executable = True)
    facts = ctx.actions.declare_file("facts.txt")
    ctx.actions.write(facts, "%s %s\n%s %s\n" % (
        dangling.is_directory,
        dangling.short_path,
        tree.is_directory,
        tree.extension == "",
    ))
    return [DefaultInfo(files = depset([link, second, tree_link, dangling, script, facts]))]

links = rule(
    implementation = _impl,
    attrs = {
        "script": attr.label(allow_single_file = True),
        "src": attr.label(allow_single_file = True),
    },
)
