# ---- toolchains ------------------------------------------------------------

def _toolchain_type(name, *, mandatory = True):
    if type(name) != "string" and not _is(name, "Label"):
        fail("config_common.toolchain_type() takes a label, not %s" % type__(name))
    return struct(_type = "toolchain_type", toolchain_type = name, mandatory = mandatory)

config_common = struct(
    toolchain_type = _toolchain_type,
    FeatureFlagInfo = FeatureFlagInfo,
)

def exec_group(*, toolchains = [], exec_compatible_with = []):
    return struct(
        _type = "exec_group",
        toolchains = toolchains,
        exec_compatible_with = exec_compatible_with,
    )

def _label_text(value, what):
    if type(value) == "string":
        return value
    if _is(value, "Label"):
        return value._str
    fail("%s holds labels, not %s" % (what, type__(value)))

def _toolchain_types(toolchains, what):
    if type(toolchains) != "list" and type(toolchains) != "tuple":
        fail("%s is a list of toolchain types, not %s" % (what, type__(toolchains)))
    out = {}
    for one in toolchains:
        mandatory = True
        if _is(one, "toolchain_type"):
            one, mandatory = one.toolchain_type, one.mandatory
        text = _label_text(one, what)
        out[text] = mandatory or out.get(text, False)
    return [[text, mandatory] for text, mandatory in out.items()]

def _plain_group(toolchains, exec_compatible_with, what):
    return {
        "toolchains": _toolchain_types(toolchains, what + "(toolchains = ...)"),
        "exec_compatible_with": [_label_text(one, what + "(exec_compatible_with = ...)") for one in exec_compatible_with],
    }

def exec_groups__(toolchains, exec_compatible_with, exec_groups):
    """What rule() and aspect() ask of execution platforms, as plain data by name of group; empty where nothing."""
    if not toolchains and not exec_compatible_with and not exec_groups:
        return {}
    out = {"": _plain_group(toolchains, exec_compatible_with, "rule")}
    for name, group in (exec_groups or {}).items():
        if not _is(group, "exec_group"):
            fail("exec_groups[%r] is %s; write exec_group()" % (name, type__(group)))
        if not _text(name, "the name of an execution group").replace("_", "a").isalnum():
            fail("exec_groups: %r is not a name" % name)
        out[name] = _plain_group(group.toolchains, group.exec_compatible_with, "exec_group")
    return out

def toolchains__(entries, deps, owner):
    """`ctx.toolchains`: what every way to write a type's label leads to.  entries: [texts, [repo, package, name], index]."""
    out = {}
    for texts, label, index in entries:
        info = None
        if index != None:
            target = deps[index]
            if ToolchainInfo not in target:
                fail("%s: the toolchain %s does not provide ToolchainInfo" % (owner._text, target["label__"]._text))
            info = target[ToolchainInfo]
        for text in texts:
            out[text] = info
        out[label__(*label)] = info
    return out

def exec_contexts__(groups, deps, owner):
    """`ctx.exec_groups`."""
    return {name: struct(_type = "ExecGroupContext", toolchains = toolchains__(entries, deps, owner)) for name, entries in groups.items()}

def make_variables__(variables, indices, deps):
    """`ctx.var` with what the targets in the attribute `toolchains` add."""
    out = dict(variables)
    for index in indices:
        info = deps[index].get(TemplateVariableInfo)
        if info != None:
            out.update(info.variables)
    return out

NO_TOOLCHAINS__ = {}
