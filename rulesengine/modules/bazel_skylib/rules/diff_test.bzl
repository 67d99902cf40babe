"""A test that passes when two files are the same."""

load("//lib:shell.bzl", "shell")

_SCRIPT = """#!/bin/bash
set -uo pipefail
if [ -d "${{TEST_SRCDIR:-}}" ]; then here=$TEST_SRCDIR; else here=$0.runfiles; fi
place() {{ case $1 in ../*) printf '%s/%s' "$here" "${{1#../}}" ;; *) printf '%s/%s/%s' "$here" {workspace} "$1" ;; esac; }}
one=$(place {file1})
two=$(place {file2})
for file in "$one" "$two"; do
    [ -e "$file" ] || {{ echo >&2 "ERROR: could not find $file"; exit 1; }}
done
diff {arguments} -r "$one" "$two" && exit 0
echo >&2 'FAIL: files' {file1} 'and' {file2} 'differ.' {message}
exit 1
"""

def _diff_test_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + "-test.sh")
    ctx.actions.write(
        output = script,
        content = _SCRIPT.format(
            arguments = " ".join([shell.quote(one) for one in ctx.attr.diff_args]),
            file1 = shell.quote(ctx.file.file1.short_path),
            file2 = shell.quote(ctx.file.file2.short_path),
            message = shell.quote(ctx.attr.failure_message),
            workspace = shell.quote(ctx.workspace_name),
        ),
        is_executable = True,
    )
    return [DefaultInfo(
        files = depset([script]),
        runfiles = ctx.runfiles(files = [script, ctx.file.file1, ctx.file.file2]),
        executable = script,
    )]

diff_test = rule(
    implementation = _diff_test_impl,
    doc = "A test that two files, or two directories, hold the same.",
    attrs = {
        "diff_args": attr.string_list(doc = "More arguments for diff."),
        "failure_message": attr.string(doc = "What to say besides when they differ."),
        "file1": attr.label(mandatory = True, allow_single_file = True, doc = "One."),
        "file2": attr.label(mandatory = True, allow_single_file = True, doc = "The other."),
    },
    test = True,
)
