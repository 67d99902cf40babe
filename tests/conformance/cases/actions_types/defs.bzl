def _impl(ctx):
    name = ctx.label.name
    actions = ctx.actions
    out = actions.declare_file(name + ".out")
    if name == "run_outputs":
        actions.run(outputs = out, executable = "true")
    elif name == "run_outputs_text":
        actions.run(outputs = ["x"], executable = "true")
    elif name == "run_inputs":
        actions.run(outputs = [out], inputs = ["x"], executable = "true")
    elif name == "run_inputs_text":
        actions.run(outputs = [out], inputs = "x", executable = "true")
    elif name == "run_inputs_depset":
        actions.run(outputs = [out], inputs = depset(["x"]), executable = "true")
    elif name == "run_executable":
        actions.run(outputs = [out], executable = 1)
    elif name == "run_executable_missing":
        actions.run(outputs = [out])
    elif name == "run_tools":
        actions.run(outputs = [out], executable = "true", tools = ["x"])
    elif name == "run_arguments":
        actions.run(outputs = [out], executable = "true", arguments = [1])
    elif name == "run_arguments_text":
        actions.run(outputs = [out], executable = "true", arguments = "a b")
    elif name == "run_arguments_file":
        actions.run(outputs = [out], executable = "true", arguments = [out])
    elif name == "run_arguments_nested":
        actions.run(outputs = [out], executable = "true", arguments = [[actions.args()]])
    elif name == "run_mnemonic":
        actions.run(outputs = [out], executable = "true", mnemonic = 1)
    elif name == "run_mnemonic_form":
        actions.run(outputs = [out], executable = "true", mnemonic = "a-b")
    elif name == "run_progress":
        actions.run(outputs = [out], executable = "true", progress_message = 1)
    elif name == "run_default_env":
        actions.run(outputs = [out], executable = "true", use_default_shell_env = 1)
    elif name == "run_env":
        actions.run(outputs = [out], executable = "true", env = {"a": 1})
    elif name == "run_env_list":
        actions.run(outputs = [out], executable = "true", env = ["a"])
    elif name == "run_requirements":
        actions.run(outputs = [out], executable = "true", execution_requirements = {"a": 1})
    elif name == "run_manifests":
        actions.run(outputs = [out], executable = "true", input_manifests = "x")
    elif name == "run_unused":
        actions.run(outputs = [out], executable = "true", unused_inputs_list = "x")
    elif name == "run_group":
        actions.run(outputs = [out], executable = "true", exec_group = "nothing")
    elif name == "run_shadowed":
        actions.run(outputs = [out], executable = "true", shadowed_action = "x")
    elif name == "run_resource":
        actions.run(outputs = [out], executable = "true", resource_set = "x")
    elif name == "run_positional":
        actions.run([out], "true")
    elif name == "run_unknown":
        actions.run(outputs = [out], executable = "true", inputz = [])
    elif name == "shell_command":
        actions.run_shell(outputs = [out], command = 1)
    elif name == "shell_command_list":
        actions.run_shell(outputs = [out], command = ["a", "b"])
    elif name == "shell_outputs":
        actions.run_shell(outputs = depset([out]), command = "true")
    elif name == "shell_tools":
        actions.run_shell(outputs = [out], command = "true", tools = "x")
    elif name == "write_content":
        actions.write(out, 1)
    elif name == "write_output":
        actions.write("x", "content")
    elif name == "write_executable":
        actions.write(out, "content", is_executable = 1)
    elif name == "expand_template":
        actions.expand_template(template = "x", output = out, substitutions = {})
    elif name == "expand_substitutions":
        actions.expand_template(template = ctx.file.src, output = out, substitutions = {"a": 1})
    elif name == "expand_output":
        actions.expand_template(template = ctx.file.src, output = "x", substitutions = {})
    elif name == "nothing_mnemonic":
        actions.do_nothing(mnemonic = 1)
    elif name == "nothing_missing":
        actions.do_nothing()
    elif name == "nothing_inputs":
        actions.do_nothing(mnemonic = "X", inputs = ["x"])
    elif name == "declare_type":
        actions.declare_file(1)
    elif name == "declare_sibling":
        actions.declare_file("a", sibling = "x")
    elif name == "declare_directory":
        actions.declare_directory(filename = None)
    elif name == "symlink_output":
        actions.symlink(output = "x", target_file = out)
    elif name == "symlink_target":
        actions.symlink(output = out, target_file = "x")
    elif name == "symlink_path":
        actions.symlink(output = out, target_path = 1)
    elif name == "args_items":
        actions.args().add_all(1)
    elif name == "args_none":
        actions.args().add(None)
    elif name == "args_map":
        actions.args().add_all([1], map_each = "x")
    elif name == "args_join":
        actions.args().add_joined([1], join_with = 1)
    elif name == "args_param":
        actions.args().use_param_file("x")
    elif name == "args_name":
        actions.args().add(1, "x")
    elif name == "args_before":
        actions.args().add_all(["x"], before_each = 1)
    elif name == "args_expand":
        actions.args().add_all(["x"], expand_directories = 1)
    return []

case = rule(
    implementation = _impl,
    attrs = {"src": attr.label(allow_single_file = True)},
)
