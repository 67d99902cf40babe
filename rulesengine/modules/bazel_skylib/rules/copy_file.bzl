"""A copy of one file."""

def _copy_file_impl(ctx):
    if ctx.attr.allow_symlink:
        ctx.actions.symlink(
            output = ctx.outputs.out,
            target_file = ctx.file.src,
            is_executable = ctx.attr.is_executable,
        )
    else:
        ctx.actions.run_shell(
            outputs = [ctx.outputs.out],
            inputs = [ctx.file.src],
            command = 'cp -f "$1" "$2"',
            arguments = [ctx.file.src.path, ctx.outputs.out.path],
            mnemonic = "CopyFile",
            progress_message = "Copying files",
            use_default_shell_env = True,
        )
    files = depset([ctx.outputs.out])
    runfiles = ctx.runfiles(files = [ctx.outputs.out])
    if ctx.attr.is_executable:
        return [DefaultInfo(files = files, runfiles = runfiles, executable = ctx.outputs.out)]
    return [DefaultInfo(files = files, runfiles = runfiles)]

_ATTRS = {
    "allow_symlink": attr.bool(),
    "is_executable": attr.bool(),
    "out": attr.output(mandatory = True),
    "src": attr.label(mandatory = True, allow_single_file = True),
}

_copy_file = rule(
    implementation = _copy_file_impl,
    provides = [DefaultInfo],
    attrs = _ATTRS,
)

_copy_xfile = rule(
    implementation = _copy_file_impl,
    provides = [DefaultInfo],
    executable = True,
    attrs = _ATTRS,
)

def copy_file(name, src, out, is_executable = False, allow_symlink = False, **kwargs):
    """Copy a file to another name.

    Args:
      name: the target's name
      src: the file; a label that stands for one
      out: the copy
      is_executable: whether the copy may be run
      allow_symlink: whether a link will do
      **kwargs: common attributes
    """
    make = _copy_xfile if is_executable else _copy_file
    make(
        name = name,
        allow_symlink = allow_symlink,
        is_executable = is_executable,
        out = out,
        src = src,
        **kwargs
    )
