def _impl(name, visibility):
    native.filegroup(name = "elsewhere")

bad_name = macro(implementation = _impl)

def _needs_impl(name, visibility, must):
    native.filegroup(name = name)

needs = macro(implementation = _needs_impl, attrs = {"must": attr.string(mandatory = True)})

def _glob_impl(name, visibility):
    native.filegroup(name = name, srcs = native.glob(["*"]))

globs = macro(implementation = _glob_impl)

def _looks_impl(name, visibility):
    native.filegroup(name = name + str(len(native.existing_rules())))

looks = macro(implementation = _looks_impl)

def _returns_impl(name, visibility):
    return name

returns = macro(implementation = _returns_impl)

def _fixed_impl(name, visibility, word):
    native.filegroup(name = name)

fixed = macro(
    implementation = _fixed_impl,
    attrs = {
        "word": attr.string(
            configurable = False,
            values = [
                "a",
                "b",
            ],
        ),
    },
)

def _submacro_impl(name, visibility):
    returns(name = "other")

submacro = macro(implementation = _submacro_impl)
