"""A tool that shows its runfiles, and rules that run it in every way there is."""

def _tree_impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(outputs = [out], command = "mkdir -p $1/deep && echo one > $1/one && echo two > $1/deep/two", arguments = [out.path])
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

tree = rule(implementation = _tree_impl)

_SCRIPT = """#!/bin/bash
out=$1
cd "$0.runfiles" || exit 1
{
  find -L . -type f | grep -v '^./MANIFEST$\\|^./_main/external/' | LC_ALL=C sort | while read -r f; do
    echo "== $f"
    cat "$f"
  done | tr -d '~'
} > "$OLDPWD/$out"
"""

def _lister_impl(ctx):
    out = ctx.actions.declare_file("bin_" + ctx.label.name)
    ctx.actions.write(out, _SCRIPT, is_executable = True)
    runfiles = ctx.runfiles(ctx.files.data, symlinks = {"link/" + k: f for k, f in zip(["a", "b", "c"], ctx.files.data)} if ctx.attr.links else {})
    return [DefaultInfo(executable = out, runfiles = runfiles.merge_all([d[DefaultInfo].default_runfiles for d in ctx.attr.data]))]

lister = rule(
    implementation = _lister_impl,
    attrs = {"data": attr.label_list(allow_files = True), "links": attr.bool()},
    executable = True,
)

def _run_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    if ctx.attr.shell:
        ctx.actions.run_shell(outputs = [out], tools = [ctx.executable.tool], command = "%s %s" % (ctx.executable.tool.path, out.path))
    elif ctx.attr.nested:
        ctx.actions.run_shell(outputs = [out], tools = [ctx.attr.tool[DefaultInfo].files_to_run], command = "%s %s" % (ctx.executable.tool.path, out.path))
    else:
        ctx.actions.run(outputs = [out], executable = ctx.executable.tool, arguments = [out.path])
    return [DefaultInfo(files = depset([out]))]

run_it = rule(
    implementation = _run_impl,
    attrs = {"tool": attr.label(executable = True, cfg = "exec"), "shell": attr.bool(), "nested": attr.bool()},
)
