"""A copy of a directory."""

def copy_directory_action(ctx, src, dst, is_windows = False):
    """An action that copies one directory to another, for rules of one's own.

    Args:
      ctx: the rule's context
      src: the directory (a File)
      dst: what declare_directory() gave
      is_windows: accepted; there is no Windows here
    """
    if dst.is_source or not dst.is_directory:
        fail("dst must come from ctx.actions.declare_directory()")
    ctx.actions.run_shell(
        outputs = [dst],
        inputs = [src],
        command = 'rm -rf "$2" && mkdir -p "$2" && cp -fRL "$1/." "$2"',
        arguments = [src.path, dst.path],
        mnemonic = "CopyDirectory",
        progress_message = "Copying directory %s" % src.short_path,
        use_default_shell_env = True,
    )

def _copy_directory_impl(ctx):
    dst = ctx.actions.declare_directory(ctx.attr.out)
    copy_directory_action(ctx, ctx.file.src, dst)
    return [DefaultInfo(files = depset([dst]), runfiles = ctx.runfiles(files = [dst]))]

_copy_directory = rule(
    implementation = _copy_directory_impl,
    provides = [DefaultInfo],
    attrs = {
        "out": attr.string(mandatory = True),
        "src": attr.label(mandatory = True, allow_single_file = True),
    },
)

def copy_directory(name, src, out, **kwargs):
    """Copy a directory to another name.

    Args:
      name: the target's name
      src: the directory; a label that stands for one
      out: the copy
      **kwargs: common attributes
    """
    _copy_directory(name = name, out = out, src = src, **kwargs)
