def _impl(ctx):
    name = ctx.label.name
    actions = ctx.actions
    src = ctx.file.src
    if name in ["file_to_link", "path_executable", "not_a_link"]:
        out = actions.declare_symlink(name + ".out")
    elif name in ["path_to_dir", "file_to_dir", "dir_executable"]:
        out = actions.declare_directory(name + ".out")
    else:
        out = actions.declare_file(name + ".out")
    tree = actions.declare_directory(name + ".tree")
    actions.run_shell(outputs = [tree], command = "echo > $1/x", arguments = [tree.path])
    if name == "neither":
        actions.symlink(output = out)
    elif name == "both":
        actions.symlink(output = out, target_file = src, target_path = "x")
    elif name == "file_to_link":
        actions.symlink(output = out, target_file = src)
    elif name == "path_to_file" or name == "path_to_dir":
        actions.symlink(output = out, target_path = "x")
    elif name == "dir_to_file":
        actions.symlink(output = out, target_file = tree)
    elif name == "file_to_dir":
        actions.symlink(output = out, target_file = src)
    elif name == "path_executable":
        actions.symlink(output = out, target_path = "x", is_executable = True)
    elif name == "dir_executable":
        actions.symlink(output = out, target_file = tree, is_executable = True)
    elif name == "not_executable":
        actions.symlink(output = out, target_file = src, is_executable = True)
    elif name == "not_a_link":
        actions.run_shell(outputs = [out], command = "echo > $1", arguments = [out.path])
    elif name == "dangling_file":
        actions.run_shell(outputs = [out], command = "ln -s nowhere $1", arguments = [out.path])
    elif name == "output_kind":
        actions.declare_symlink(name + ".out")
        actions.write(out, "x")
    return [DefaultInfo(files = depset([out]))]

case = rule(
    implementation = _impl,
    attrs = {"src": attr.label(allow_single_file = True)},
)
