"""The rules that a BUILD file has without a load(): Bazel's native rules that know no language."""

def _alias_impl(ctx):
    # The analysis hands out the actual target itself; this is never called.
    fail("alias is resolved before analysis")

alias = rule(
    implementation = _alias_impl,
    doc = "Another name for a target. Who depends on the alias depends on the target it names.",
    attrs = {
        "actual": attr.label(mandatory = True, allow_files = True, doc = "The target this one stands for; may be a select()."),
    },
)

def _filegroup_impl(ctx):
    groups = []
    if ctx.attr.output_group:
        for src in ctx.attr.srcs:
            if OutputGroupInfo in src and hasattr(src[OutputGroupInfo], ctx.attr.output_group):
                groups.append(getattr(src[OutputGroupInfo], ctx.attr.output_group))
        files = depset(transitive = groups)
    else:
        files = depset(transitive = [src.files for src in ctx.attr.srcs])
    runfiles = ctx.runfiles(ctx.files.data).merge_all(
        [src.default_runfiles for src in ctx.attr.srcs] + [d.default_runfiles for d in ctx.attr.data],
    )
    return [DefaultInfo(
        files = files,
        default_runfiles = runfiles,
        data_runfiles = runfiles.merge(ctx.runfiles(ctx.files.srcs)),
    )]

filegroup = rule(
    implementation = _filegroup_impl,
    doc = "A name for a collection of targets.",
    attrs = {
        "srcs": attr.label_list(allow_files = True, doc = "The targets whose files the group has."),
        "data": attr.label_list(allow_files = True, doc = "Files needed at run time."),
        "output_group": attr.string(doc = "Take this output group of `srcs` instead of their default files."),
        "path": attr.string(doc = "Accepted as Bazel does; it has no effect."),
    },
)

def _genrule_impl(ctx):
    outs = ctx.outputs.outs
    if not outs:
        fail("%s: genrule needs at least one file in outs" % ctx.label)
    if ctx.attr.executable and len(outs) != 1:
        fail("%s: attribute 'executable': a genrule that makes a program has one output, not %d; make the others in a genrule of their own" % (ctx.label, len(outs)))
    command = ctx.attr.cmd_bash or ctx.attr.cmd
    if not command:
        fail("%s: genrule needs cmd" % ctx.label)
    command = ctx.expand_location(command, ctx.attr.srcs + ctx.attr.tools)
    rule_dir = ctx.bin_dir.path
    for part in [ctx.label.workspace_root, ctx.label.package]:
        if part:
            rule_dir += "/" + part
    variables = {
        "SRCS": " ".join([f.path for f in ctx.files.srcs]),
        "OUTS": " ".join([f.path for f in outs]),
        "RULEDIR": rule_dir,
        "@D": outs[0].dirname if len(outs) == 1 else rule_dir,
        "^": " ".join([f.path for f in ctx.files.srcs]),
    }
    if len(outs) == 1:
        variables["@"] = outs[0].path
    if len(ctx.files.srcs) == 1:
        variables["<"] = ctx.files.srcs[0].path
    command = ctx.expand_make_variables("cmd", command, variables)
    requirements = {}
    for tag in ctx.attr.tags:
        if tag in ["no-cache", "no-remote", "no-sandbox", "requires-network", "local", "exclusive"] or tag.startswith("cpu:") or tag.startswith("resources:"):
            requirements[tag] = ""
    stamp = ctx.attr.stamp == 1 or (ctx.attr.stamp == -1 and ctx.configuration.stamp_binaries())
    ctx.actions.run_shell(
        outputs = outs,
        inputs = ctx.files.srcs + ([ctx.info_file, ctx.version_file] if stamp else []),
        tools = ctx.attr.tools,
        command = "set -euo pipefail; " + command + ("\nchmod +x " + outs[0].path if ctx.attr.executable else ""),
        mnemonic = "Genrule",
        progress_message = ctx.attr.message or None,
        use_default_shell_env = True,
        execution_requirements = requirements,
    )
    return [DefaultInfo(files = depset(outs), executable = outs[0] if ctx.attr.executable and len(outs) == 1 else None)]

genrule = rule(
    implementation = _genrule_impl,
    doc = """Files made by a shell command.

In `cmd`, `$(location LABEL)` and `$(locations LABEL)` stand for paths of files, `$(SRCS)`, `$(OUTS)`, `$<` (the only
source), `$@` (the only output), `$^` (all sources), `$(@D)` and `$(RULEDIR)` for what their names say, and `$$` for a dollar sign.
The command runs under bash with `set -euo pipefail`, in a directory that holds its declared inputs only.
""",
    attrs = {
        "srcs": attr.label_list(allow_files = True, doc = "The inputs."),
        "outs": attr.output_list(mandatory = True, doc = "The files the command makes."),
        "cmd": attr.string(doc = "The command."),
        "cmd_bash": attr.string(doc = "Takes precedence over `cmd`."),
        "cmd_bat": attr.string(doc = "Accepted and not used: there is no Windows here."),
        "cmd_ps": attr.string(doc = "Accepted and not used: there is no Windows here."),
        "tools": attr.label_list(allow_files = True, cfg = "exec", doc = "Programs that the command runs."),
        "executable": attr.bool(configurable = False, doc = "Whether the one output is a program that `pybuild run` may start."),
        "message": attr.string(doc = "What a progress line says while it runs."),
        "local": attr.bool(doc = "Accepted as Bazel does."),
        "heuristic_label_expansion": attr.bool(),
        "output_to_bindir": attr.bool(configurable = False),
        "stamp": attr.int(default = 0, values = [-1, 0, 1], doc = "1: ctx.info_file and ctx.version_file are inputs; -1: with --stamp."),
    },
)

def _nothing_impl(ctx):
    return []

def _constraint_setting_impl(ctx):
    return [platform_common.ConstraintSettingInfo(
        label = ctx.label,
        default_constraint_value = ctx.attr.default_constraint_value or None,
    )]

constraint_setting = rule(
    implementation = _constraint_setting_impl,
    doc = "A property of platforms, such as the operating system.",
    attrs = {
        "default_constraint_value": attr.string(configurable = False, doc = "The value a platform has that names none."),
    },
)

def _constraint_value_impl(ctx):
    return [platform_common.ConstraintValueInfo(
        constraint = ctx.attr.constraint_setting[platform_common.ConstraintSettingInfo],
        label = ctx.label,
    )]

constraint_value = rule(
    implementation = _constraint_value_impl,
    doc = "A value that a `constraint_setting` can have. It may stand in `select()` as a condition.",
    attrs = {
        "constraint_setting": attr.label(configurable = False, mandatory = True, doc = "The property this is a value of."),
    },
)

def _platform_impl(ctx):
    return [platform_common.PlatformInfo(label = ctx.label)]

platform = rule(
    implementation = _platform_impl,
    doc = "A platform that can be named in `--platforms` and in `oci_image_index(platforms = ...)`.",
    attrs = {
        "constraint_values": attr.label_list(configurable = False, doc = "What holds on this platform, at most one value of each setting."),
        "parents": attr.label_list(configurable = False, doc = "A platform whose values this one takes over."),
        "exec_properties": attr.string_dict(doc = "Properties for remote execution."),
        "variant": attr.string(doc = "The OCI variant (v7, v8) where the constraint values do not tell."),
        "flags": attr.string_list(),
    },
)

def _label_setting(flag, doc):
    # A build setting whose value is a target: what config has no name for.
    return rule(
        implementation = _nothing_impl,
        doc = doc,
        build_setting = struct(_type = "BuildSetting", kind = "label", flag = flag, repeated = False, default = "string"),
        attrs = {"help": attr.string(configurable = False, doc = "Accepted as Bazel does.")},
    )

label_flag = _label_setting(True, "An alias whose target a transition or the command line chooses: `--//pkg:flag=//other:target`.")

label_setting = _label_setting(False, "An alias whose target transitions choose.")

toolchain_type = rule(
    implementation = _nothing_impl,
    doc = "A kind of toolchain: what rules ask for, and what a `toolchain` is declared to be.",
    attrs = {
        "no_match_error": attr.string(doc = "What to say where no toolchain of this type fits."),
    },
)

toolchain = rule(
    implementation = _nothing_impl,
    doc = "Says for which platforms a target is the toolchain of a type. It counts once it is registered.",
    attrs = {
        "toolchain_type": attr.label(mandatory = True, doc = "The type."),
        "toolchain": attr.string(mandatory = True, doc = "The label of the target whose ToolchainInfo users get."),
        "exec_compatible_with": attr.label_list(configurable = False, doc = "Constraint values that the execution platform must have."),
        "target_compatible_with": attr.label_list(configurable = False, doc = "Constraint values that the target platform must have."),
        "target_settings": attr.label_list(doc = "Conditions (config_setting) that must hold in the target's configuration."),
        "use_target_platform_constraints": attr.bool(doc = "Fits where actions run on the target platform, instead of constraint values."),
    },
)

config_setting = rule(
    implementation = _nothing_impl,
    doc = "A condition for `select()`: it holds when all that it names holds.",
    attrs = {
        "constraint_values": attr.label_list(configurable = False, doc = "Constraint values the target platform must have."),
        "define_values": attr.string_dict(configurable = False, doc = "`--define` settings."),
        "flag_values": attr.label_keyed_string_dict(configurable = False, doc = "Build settings and the values they must have."),
        "values": attr.string_dict(configurable = False, doc = "Command-line flags and the values they must have."),
    },
)

test_suite = rule(
    implementation = _nothing_impl,
    doc = "A name for a set of tests.",
    attrs = {
        "tests": attr.label_list(configurable = False, doc = "The tests; when empty, all of the package."),
    },
)

def _merged_runfiles(ctx):
    """The files and runfiles of srcs, deps and data."""
    targets = ctx.attr.srcs + ctx.attr.deps + ctx.attr.data
    return ctx.runfiles(
        transitive_files = depset(transitive = [target.files for target in targets]),
    ).merge_all([target.default_runfiles for target in targets])

def _sh_library_impl(ctx):
    return [DefaultInfo(
        files = depset(transitive = [one.files for one in ctx.attr.srcs + ctx.attr.deps + ctx.attr.data]),
        runfiles = _merged_runfiles(ctx),
    )]

def _environment(ctx):
    """`env` with the paths of files as the program finds them from its runfiles directory."""
    out = {}
    for name, value in ctx.attr.env.items():
        value = value.replace("$(location ", "$(rootpath ").replace("$(locations ", "$(rootpaths ")
        out[name] = ctx.expand_make_variables("env", ctx.expand_location(value), {})
    return out

def _sh_binary_impl(ctx):
    if len(ctx.files.srcs) != 1:
        fail("%s: attribute 'srcs': exactly one script is needed, but there are %d" % (ctx.label, len(ctx.files.srcs)))
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = script, target_file = ctx.files.srcs[0], is_executable = True)
    return [
        DefaultInfo(files = depset([script] + ctx.files.srcs), executable = script, runfiles = _merged_runfiles(ctx)),
        RunEnvironmentInfo(environment = _environment(ctx), inherited_environment = getattr(ctx.attr, "env_inherit", [])),
    ]

def _sh_attributes(srcs):
    return {
        "srcs": srcs,
        "deps": attr.label_list(allow_files = True, doc = "Libraries that the script sources."),
        "data": attr.label_list(allow_files = True, doc = "Files needed at run time."),
    }

def _sh_run_attributes():
    return _sh_attributes(
        attr.label_list(mandatory = True, allow_files = True, doc = "The script; exactly one."),
    ) | {
        "env": attr.string_dict(doc = "Environment of `pybuild run` and `pybuild test`."),
    }

sh_library = rule(
    implementation = _sh_library_impl,
    doc = "Shell scripts and data that other shell rules use.",
    attrs = _sh_attributes(attr.label_list(allow_files = True, doc = "The scripts.")),
)

sh_binary = rule(
    implementation = _sh_binary_impl,
    doc = "A shell script that can be run, as a tool of other rules or by `pybuild run`.",
    executable = True,
    attrs = _sh_run_attributes(),
)

sh_test = rule(
    implementation = _sh_binary_impl,
    doc = "A shell script that passes when it exits with 0.",
    test = True,
    attrs = _sh_run_attributes() | {
        "env_inherit": attr.string_list(doc = "Variables taken from the caller's environment."),
    },
)
