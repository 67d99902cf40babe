"""A file with lines from a BUILD file."""

def _write_file_impl(ctx):
    newline = "\r\n" if ctx.attr.newline == "windows" else "\n"
    executable = ctx.attr.is_executable
    ctx.actions.write(
        output = ctx.outputs.out,
        content = newline.join(ctx.attr.content),
        is_executable = executable,
    )
    files = depset([ctx.outputs.out])
    runfiles = ctx.runfiles(files = [ctx.outputs.out])
    if executable:
        return [DefaultInfo(files = files, runfiles = runfiles, executable = ctx.outputs.out)]
    return [DefaultInfo(files = files, runfiles = runfiles)]

_ATTRS = {
    "content": attr.string_list(doc = "The lines, joined by line ends; end with an empty one for a line end at the end."),
    "is_executable": attr.bool(),
    "newline": attr.string(values = ["auto", "unix", "windows"], default = "auto"),
    "out": attr.output(mandatory = True),
}

_write_file = rule(
    implementation = _write_file_impl,
    provides = [DefaultInfo],
    attrs = _ATTRS,
)

_write_xfile = rule(
    implementation = _write_file_impl,
    provides = [DefaultInfo],
    executable = True,
    attrs = _ATTRS,
)

def write_file(name, out, content = [], is_executable = False, newline = "auto", **kwargs):
    """Write a text file.

    Args:
      name: the target's name
      out: the file
      content: its lines
      is_executable: whether it may be run
      newline: "auto", "unix" or "windows"
      **kwargs: common attributes
    """
    make = _write_xfile if is_executable else _write_file
    make(
        name = name,
        content = content,
        is_executable = is_executable,
        newline = newline or "auto",
        out = out,
        **kwargs
    )
