# ---- names of Bazel's whose things are not here -----------------------------------------------
# Files that mention them load: a rule may look whether a dependency has CcInfo, and a file of rules often defines
# repository rules as well.  What needs the thing itself fails, and says why.

def _not_run(name):
    def called(*args, **kwargs):
        fail("%s: repository rules and module extensions are not run here, and nothing is downloaded; " % name +
             "name a copy of what is needed with local_path_override(module_name = …, path = …) in MODULE.bazel")

    return called

def repository_rule(implementation, *, attrs = None, local = False, environ = [], configure = False, remotable = False, doc = None):
    return _not_run("a repository rule")

def module_extension(implementation, *, tag_classes = {}, doc = None, environ = [], os_dependent = False, arch_dependent = False):
    return struct(_type = "module_extension")

def tag_class(attrs = {}, *, doc = None):
    return struct(_type = "tag_class")

def _of_language(name, what):
    def called(*args, **kwargs):
        fail("%s: the rules for %s are Bazel's own, and not here" % (name, what))

    return called

CcInfo = _provider()
CcToolchainConfigInfo = _provider()
CcSharedLibraryInfo = _provider()
DebugPackageInfo = _provider()
JavaInfo = _provider()
JavaPluginInfo = _provider()
ProtoInfo = _provider()
PyInfo = _provider()
PyRuntimeInfo = _provider()

[
    py_name_provider(constructor(provider_id__ = True), name)
    for name, constructor in {
        "CcInfo": CcInfo,
        "CcSharedLibraryInfo": CcSharedLibraryInfo,
        "CcToolchainConfigInfo": CcToolchainConfigInfo,
        "DebugPackageInfo": DebugPackageInfo,
        "JavaInfo": JavaInfo,
        "JavaPluginInfo": JavaPluginInfo,
        "ProtoInfo": ProtoInfo,
        "PyInfo": PyInfo,
        "PyRuntimeInfo": PyRuntimeInfo,
    }.items()
]

def _failing(module, what, names):
    return struct(**{name: _of_language(module + "." + name, what) for name in names})

apple_common = _failing("apple_common", "Apple's platforms", ["apple_host_system_env", "dotted_version", "target_apple_env"])
cc_common = _failing("cc_common", "C++", [
    "action_is_enabled",
    "compile",
    "configure_features",
    "create_cc_toolchain_config_info",
    "create_compilation_context",
    "create_compilation_outputs",
    "create_compile_variables",
    "create_library_to_link",
    "create_link_variables",
    "create_linker_input",
    "create_linking_context",
    "get_environment_variables",
    "get_execution_requirements",
    "get_memory_inefficient_command_line",
    "get_tool_for_action",
    "is_enabled",
    "link",
    "merge_cc_infos",
    "merge_compilation_contexts",
    "merge_linking_contexts",
])
java_common = _failing("java_common", "Java", ["compile", "make_non_strict", "merge", "pack_sources", "run_ijar", "stamp_jar"])
proto_common_do_not_use = _failing("proto_common", "protocol buffers", ["compile", "declare_generated_files", "should_generate_code"])

def _instrumented_files_info(ctx, *, source_attributes = [], dependency_attributes = [], extensions = None, metadata_files = [], baseline_coverage_files = None):
    """What takes part in coverage: nothing is measured here, so there are no files."""
    return InstrumentedFilesInfo(instrumented_files = depset(), metadata_files = depset(metadata_files))

coverage_common = struct(instrumented_files_info = _instrumented_files_info)
