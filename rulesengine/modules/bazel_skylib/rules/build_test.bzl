"""A test that passes when its targets can be built."""

def _empty_test_impl(ctx):
    script = ctx.actions.declare_file(ctx.attr.name + ".sh")
    ctx.actions.write(script, "#!/bin/sh\nexit 0\n", is_executable = True)
    return [DefaultInfo(
        files = depset([script]),
        runfiles = ctx.runfiles(files = ctx.files.data),
        executable = script,
    )]

_empty_test = rule(
    implementation = _empty_test_impl,
    attrs = {"data": attr.label_list(allow_files = True)},
    test = True,
)

def build_test(name, targets, **kwargs):
    """A test of nothing but that the targets can be built.

    Args:
      name: the test's name
      targets: the targets
      **kwargs: common attributes of tests
    """
    if not targets:
        fail("targets must be non-empty", "targets")
    common = {
        key: kwargs[key]
        for key in ["tags", "testonly", "restricted_to", "compatible_with", "target_compatible_with", "features", "exec_compatible_with"]
        if key in kwargs
    }
    grouped = []
    for number, target in enumerate(targets):
        # One group for each, so that a wildcard in a group's name cannot meet another's.
        group = "{}_{}_deps".format(name, number) if len(targets) > 1 else name + "_deps"
        native.filegroup(
            name = group,
            srcs = [target],
            testonly = common.get("testonly", True),
            tags = common.get("tags", []) + ["manual"],
            visibility = ["//visibility:private"],
        )
        grouped.append(group)
    _empty_test(
        name = name,
        data = grouped,
        size = kwargs.pop("size", "small"),
        **kwargs
    )
