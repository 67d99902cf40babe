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

_BATCHES = 100
"""In so many parts at most do the targets go: one action should not have too many inputs."""

_PASSED_ON = ["compatible_with", "exec_compatible_with", "restricted_to", "tags", "target_compatible_with"]
"""What the parts have from the test."""

def build_test(name, targets, **kwargs):
    """A test of nothing but that the targets can be built.

    Args:
      name: the test's name
      targets: the targets
      **kwargs: common attributes of tests
    """
    if not targets:
        fail("targets must be non-empty", "targets")
    if kwargs.get("data"):
        fail("data is not supported on a build_test()", "data")
    once = {target: None for target in targets}.keys()
    common = {key: kwargs[key] for key in _PASSED_ON if key in kwargs}
    tags = common.pop("tags", None) or []
    length = max(1, len(once) // _BATCHES)
    parts = []
    for number, start in enumerate(range(0, len(once), length)):
        part = "%s_%d__deps" % (name, number)
        native.genrule(
            name = part,
            srcs = once[start:start + length],
            outs = [part + ".out"],
            cmd = "touch $@",
            cmd_bat = "type nul > $@",
            tags = tags if "manual" in tags else tags + ["manual"],
            testonly = 1,
            visibility = ["//visibility:private"],
            **common
        )
        parts.append(part)
    _empty_test(
        name = name,
        data = parts,
        size = kwargs.pop("size", "small"),
        **kwargs
    )
