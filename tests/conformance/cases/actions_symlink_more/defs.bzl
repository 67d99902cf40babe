def _impl(ctx):
    dangling = ctx.actions.declare_symlink("dangling")
    ctx.actions.symlink(output = dangling, target_path = "not/../there", progress_message = "Linking %{output}")
    made = ctx.actions.declare_symlink("made")
    ctx.actions.run_shell(
        outputs = [made],
        inputs = [ctx.file.target],
        command = "ln -s $(cat $1) $2",
        arguments = [ctx.file.target.path, made.path],
    )
    absolute = ctx.actions.declare_symlink("sub/absolute")
    ctx.actions.symlink(output = absolute, target_path = "/nowhere")
    sibling = ctx.actions.declare_symlink("sibling", sibling = absolute)
    ctx.actions.symlink(output = sibling, target_path = "absolute")
    read = ctx.actions.declare_file("read.txt")
    ctx.actions.run_shell(
        outputs = [read],
        inputs = [dangling, made, absolute],
        command = "for f in \"$@\"; do echo $(readlink $f) $([ -L $f ] && echo link); done > " + read.path,
        arguments = [dangling.path, made.path, absolute.path],
    )
    plain = ctx.actions.declare_file("plain.txt")
    ctx.actions.run_shell(
        outputs = [plain],
        inputs = [ctx.file.src],
        command = "ln -s $PWD/$1 $2",
        arguments = [ctx.file.src.path, plain.path],
    )
    facts = ctx.actions.declare_file("facts.txt")
    ctx.actions.write(facts, "".join([
        "%s %s %s\n" % (f.short_path, f.is_directory, f.is_source)
        for f in [dangling, sibling, plain, ctx.file.src]
    ]))
    files = [dangling, made, absolute, sibling, read, plain, facts]
    return [DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files))]

links = rule(
    implementation = _impl,
    attrs = {
        "src": attr.label(allow_single_file = True),
        "target": attr.label(allow_single_file = True),
    },
)

def _test_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "#!/bin/sh\n[ -L dangling ] && [ -L sub/sibling ] && [ ! -e dangling ] && [ -f plain.txt ]\n", is_executable = True)
    runfiles = ctx.runfiles(ctx.files.data).merge_all([one[DefaultInfo].default_runfiles for one in ctx.attr.data])
    return [DefaultInfo(executable = script, runfiles = runfiles)]

links_test = rule(
    implementation = _test_impl,
    attrs = {"data": attr.label_list()},
    test = True,
)
