load("@bazel_skylib//rules/directory:providers.bzl", "DirectoryInfo")

def _lines(info, depth):
    lines = ["%s%s %s" % ("  " * depth, info.human_readable.lstrip("@").replace("+", ""), info.path)]
    for name, entry in info.entries.items():
        lines.append("%s- %s %s" % ("  " * depth, name, type(entry)))
    return lines

def _shown_impl(ctx):
    info = ctx.attr.directory[DirectoryInfo]
    lines = _lines(info, 0)
    level = [info]
    for depth in range(1, 5):
        level = [one for above in level for one in above.entries.values() if type(one) != "File"]
        for one in level:
            lines += _lines(one, depth)
    lines += ["file %s" % file.short_path for file in info.transitive_files.to_list()]
    if "testdata" in info.entries:
        lines += [
            info.get_file("testdata/one.txt").basename,
            info.get_path("testdata/deep").path,
            info.get_subdirectory("testdata/deep/er").path,
            str([file.basename for file in info.glob(["testdata/**"], exclude = ["**/*.h"]).to_list()]),
        ]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

shown = rule(
    implementation = _shown_impl,
    attrs = {"directory": attr.label(providers = [DirectoryInfo])},
)
