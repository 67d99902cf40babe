def _impl(name, visibility):
    native.filegroup(name = "elsewhere")

bad_name = macro(implementation = _impl)

def _needs_impl(name, visibility, must):
    native.filegroup(name = name)

needs = macro(implementation = _needs_impl, attrs = {"must": attr.string(mandatory = True)})
