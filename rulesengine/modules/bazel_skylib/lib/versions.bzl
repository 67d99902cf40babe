"""Comparison of version texts such as 7.7.1."""

def _get_bazel_version():
    """The version of Bazel whose language this is; empty for one without a version."""
    return getattr(native, "bazel_version", "")

def _numbers(text):
    """`1.2.3rc1-abc` as (1, 2, 3): what follows a dash counts not, nor do letters and what stands behind them."""
    out = []
    for part in text.partition("-")[0].split("."):
        digits = ""
        for character in part.elems():
            if not character.isdigit():
                break
            digits += character
        if digits:
            out.append(int(digits))
    return tuple(out)

def _parse(bazel_version):
    """The numbers of a version's release, as a tuple."""
    release = bazel_version.partition(" ")[0]
    return _numbers(release)

def _is_at_most(threshold, version):
    """Whether `version` is `threshold` or earlier."""
    return _parse(version) <= _parse(threshold)

def _is_at_least(threshold, version):
    """Whether `version` is `threshold` or later."""
    return _parse(version) >= _parse(threshold)

def _check(minimum_bazel_version, maximum_bazel_version = None, bazel_version = None):
    """Fail where the version lies outside; a development version passes."""
    version = bazel_version or _get_bazel_version()
    if not version:
        return
    if not _is_at_least(minimum_bazel_version, version):
        fail("Current Bazel version is {}, expected at least {}".format(version, minimum_bazel_version))
    if maximum_bazel_version and not _is_at_most(maximum_bazel_version, version):
        fail("Current Bazel version is {}, expected at most {}".format(version, maximum_bazel_version))

versions = struct(
    check = _check,
    get = _get_bazel_version,
    is_at_least = _is_at_least,
    is_at_most = _is_at_most,
    parse = _parse,
)
