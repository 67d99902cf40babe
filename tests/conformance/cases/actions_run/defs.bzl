def _impl(ctx):
    script = ctx.actions.declare_file("script.sh")
    ctx.actions.write(script, "#!/bin/sh\nout=$1; shift\nfor a in \"$@\"; do echo \"[$a]\" >> $out; done\necho \"X=$X\" >> $out\ncat %s >> $out\n" % ctx.files.srcs[0].path, is_executable = True)
    one = ctx.actions.declare_file("one.txt")
    args = ctx.actions.args()
    args.add(one)
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        outputs = [one],
        inputs = depset(ctx.files.srcs),
        executable = script,
        arguments = ["-", args, "tail arg", "$X"] if False else [args, "tail arg", "$X", "'"],
        env = {"X": "from env"},
        mnemonic = "Scripted",
        progress_message = "Running %{label} to %{output}",
    )
    two = ctx.actions.declare_file("two.txt")
    more = ctx.actions.args()
    more.add_all([two, one])
    ctx.actions.run_shell(
        outputs = [two],
        inputs = [one],
        arguments = [more, "plain"],
        command = "echo \"$# $3\" > $1 && tail -n 1 $2 >> $1 && echo ${0:-none} >> $1",
    )
    three = ctx.actions.declare_file("three.txt")
    ctx.actions.run_shell(
        outputs = [three],
        command = "set -u; echo ${USER-unset} ${SHELL_SESSION-unset} > %s" % three.path,
    )
    four, five = ctx.actions.declare_file("four.txt"), ctx.actions.declare_file("five.txt")
    ctx.actions.run_shell(
        outputs = [four, five],
        command = "ls *.txt > $1; echo 5 > $2",
        arguments = [four.path, five.path],
        inputs = ctx.files.srcs,
    )
    ctx.actions.do_nothing(mnemonic = "Nothing", inputs = [one])
    return [DefaultInfo(files = depset([one, two, three, five]))]

run = rule(implementation = _impl, attrs = {"srcs": attr.label_list(allow_files = True)})
