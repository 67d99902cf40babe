# ---- providers -------------------------------------------------------------
# The closure that provider() returns is the constructor and the key in a target's dict at once.

def make_provider__(registry, module):
    def provider(doc = "", *, fields = None, init = None):
        foreign = py_foreign("provider()", module) if module else False
        if fields != None and type(fields) != "list" and type(fields) != "dict":
            fail("provider(fields = ...) is a list or a dict of names, not %s" % type__(fields))
        if init != None and type(init) != "function":
            fail("provider(init = ...) is a function, not %s" % type__(init))
        allowed = None if fields == None else {f: True for f in fields}

        def raw(**kwargs):
            if allowed != None:
                for key in kwargs:
                    if key not in allowed:
                        fail("got unexpected field '%s' in call to instantiate provider %s; its fields: %s" % (
                            key,
                            provider_name__(constructor),
                            ", ".join(allowed.keys()) or "none",
                        ))
            return struct(_provider = constructor, **kwargs)

        id = py_provider()

        def constructor(*args, **kwargs):
            if "provider_id__" in kwargs:
                return id
            if init == None:
                if args:
                    fail("a provider is instantiated with keyword arguments only")
                return raw(**kwargs)
            made = init(*args, **kwargs)
            if type(made) != "dict":
                fail("a provider's init must return a dict, not %s" % type__(made))
            return raw(**made)

        if not foreign:
            registry.append(constructor)
        return constructor if init == None else (constructor, raw)

    return provider

_core = []
_provider = make_provider__(_core, "")

DefaultInfo = _provider(fields = ["files", "runfiles", "data_runfiles", "default_runfiles", "executable", "files_to_run"])
OutputGroupInfo, _ = _provider(init = lambda **groups: {
    name: files if _is(files, "depset") else depset(files)
    for name, files in groups.items()
})
RunEnvironmentInfo = _provider(fields = ["environment", "inherited_environment"])
InstrumentedFilesInfo = _provider(fields = ["instrumented_files", "metadata_files"])
PlatformInfo = _provider(fields = ["label"])
ConstraintValueInfo = _provider(fields = ["constraint", "label"])
ConstraintSettingInfo = _provider(fields = ["label", "default_constraint_value"])
BuildSettingInfo__ = _provider(fields = ["value"])

ToolchainInfo = _provider()
FeatureFlagInfo = _provider(fields = ["value", "error"])
TemplateVariableInfo, _ = _provider(fields = ["variables"], init = lambda vars: {"variables": _texts(vars, "TemplateVariableInfo(vars)")})

platform_common = struct(
    PlatformInfo = PlatformInfo,
    ConstraintValueInfo = ConstraintValueInfo,
    ConstraintSettingInfo = ConstraintSettingInfo,
    ToolchainInfo = ToolchainInfo,
    TemplateVariableInfo = TemplateVariableInfo,
)

[
    py_name_provider(constructor(provider_id__ = True), name)
    for name, constructor in [
        ("DefaultInfo", DefaultInfo),
        ("OutputGroupInfo", OutputGroupInfo),
        ("RunEnvironmentInfo", RunEnvironmentInfo),
        ("InstrumentedFilesInfo", InstrumentedFilesInfo),
        ("PlatformInfo", PlatformInfo),
        ("ConstraintValueInfo", ConstraintValueInfo),
        ("ConstraintSettingInfo", ConstraintSettingInfo),
        ("FeatureFlagInfo", FeatureFlagInfo),
        ("ToolchainInfo", ToolchainInfo),
        ("TemplateVariableInfo", TemplateVariableInfo),
    ]
]

def provider_name__(constructor):
    return py_provider_name(constructor(provider_id__ = True))
