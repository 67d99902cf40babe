# ---- cquery --output=starlark ----------------------------------------------

def formatted__(format, target):
    """What a user's function makes of a target, as text."""
    value = format(target)
    return value if type(value) == "string" else str__(value)

def bare__(label):
    """A target that was looked at and not analysed, such as a package group."""
    return {
        "label__": label__(*label),
        DefaultInfo: _default_info(depset(), NO_RUNFILES__, None),
    }

def shown_providers__(target):
    """`providers(target)`: by name; those of .bzl files as `//package:file.bzl%Name`."""
    out = {
        py_provider_key(key(provider_id__ = True)): value
        for key, value in target.items()
        if type(key) == "function" and key != DefaultInfo
    }
    info = target[DefaultInfo]
    out["FileProvider"] = info
    out["FilesToRunProvider"] = info.files_to_run
    return out

def shown_options__(target):
    """`build_options(target)`: of the target that is being formatted; None where it is in no configuration."""
    return json.decode(py_build_options())
