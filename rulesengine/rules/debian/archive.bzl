"""`deb_archive`: packages of a Debian archive, pinned by a lock file."""

load(":package.bzl", "deb_closure", "deb_package")

# Debian's architectures and the platforms they are for.
_CONDITIONS = {
    "amd64": "@rulesengine//platforms:is_linux_amd64",
    "arm64": "@rulesengine//platforms:is_linux_arm64",
    "armel": "@rulesengine//platforms:is_linux_arm_v5",
    "armhf": "@rulesengine//platforms:is_linux_arm_v7",
    "i386": "@rulesengine//platforms:is_linux_386",
    "ppc64el": "@rulesengine//platforms:is_linux_ppc64le",
    "riscv64": "@rulesengine//platforms:is_linux_riscv64",
    "s390x": "@rulesengine//platforms:is_linux_s390x",
}

def _deb_archive_impl(ctx):
    return []

# What `pybuild lock` looks for.
_deb_archive = rule(
    implementation = _deb_archive_impl,
    attrs = {
        "architectures": attr.string_list(mandatory = True),
        "components": attr.string_list(),
        "dependencies": attr.bool(default = True),
        "keyring": attr.string(),
        "lock": attr.string(mandatory = True),
        "packages": attr.string_list(mandatory = True),
        "suites": attr.string_list(mandatory = True),
    },
)

def _missing_impl(ctx):
    fail(ctx.attr.message)

_deb_missing = rule(
    implementation = _missing_impl,
    attrs = {"message": attr.string(mandatory = True)},
)

def _missing(archive, package, message, visibility):
    """Both targets of a package that is declared and not locked: whoever needs one is told why it is not there."""
    for suffix in ["", "/closure"]:
        _deb_missing(
            name = "%s/%s%s" % (archive, package, suffix),
            message = message,
            tags = ["manual"],
            visibility = visibility,
        )

def _created(stamp):
    """`20260912T075541Z` as RFC 3339."""
    if len(stamp) != 16:
        return ""
    return "%s-%s-%sT%s:%s:%sZ" % (stamp[0:4], stamp[4:6], stamp[6:8], stamp[9:11], stamp[11:13], stamp[13:15])

def deb_archive(
        name,
        lock,
        suites,
        architectures,
        packages,
        components = ["main"],
        dependencies = True,
        keyring = None,
        compression = "gzip",
        exclude = [],
        visibility = None):
    """Packages of a Debian archive, as targets `NAME/PACKAGE`, built for each platform.

    The lock file pins every package by version and SHA-256; `pybuild lock` writes it from the signed archive, and a
    build reads nothing else. Each target is one layer: the package's files, and its registration under
    `var/lib/dpkg/status.d`, where scanners look.

    `NAME/PACKAGE/closure` is the package with all that it depends on, for `oci_image(tars = ...)`.

    Args:
      name: of the archive; its packages are `NAME/PACKAGE`
      lock: the lock file, in this package
      suites: Debian suites, such as `["trixie", "trixie-updates", "trixie-security"]`
      architectures: Debian's names of architectures (`amd64`, `arm64`, `armhf`, `ppc64el`, `riscv64`, `s390x` …)
      packages: the packages wanted
      components: of the archive
      dependencies: whether the lock holds what the packages depend on, too
      keyring: file of this package with the OpenPGP certificates (binary or armored) that may sign the archive, for one
        that is not Debian's own; by default Debian's public archive keys
      compression: of the layers (`gzip`, `zstd`, `none`)
      exclude: paths left out of every package, as glob patterns
      visibility: of the targets
    """
    for architecture in architectures:
        if architecture not in _CONDITIONS:
            fail("%s: unknown Debian architecture %r; known: %s" % (name, architecture, ", ".join(_CONDITIONS)))
    _deb_archive(
        name = name,
        architectures = architectures,
        components = components,
        dependencies = dependencies,
        keyring = keyring,
        lock = lock,
        packages = packages,
        suites = suites,
        visibility = visibility,
    )
    locked = native.read_json(lock)
    where = "//%s:%s" % (native.package_name(), name)
    update = "pybuild lock %s" % where
    if locked == None:
        for package in packages:
            _missing(name, package, "the lock file %s does not exist; run: %s" % (lock, update), visibility)
        return
    if type(locked) != "dict" or locked.get("version") != 1 or type(locked.get("packages")) != "list":
        fail("%s is not a lock file of version 1; run: %s" % (lock, update))
    by_name = {}
    for record in locked["packages"]:
        by_name.setdefault(record["name"], {})[record["arch"]] = record
    for package in packages:
        if package not in by_name:
            _missing(name, package, "package %s is not in %s; run: %s" % (package, lock, update), visibility)
    for package, records in by_name.items():
        branches, closures = {}, {}
        for architecture, record in records.items():
            if architecture not in _CONDITIONS:
                continue
            condition = _CONDITIONS[architecture]
            branches[condition] = json.encode(dict(
                name = package,
                version = record["version"],
                architecture = record["architecture"],
                sha256 = record["sha256"],
                size = record["size"],
                kind = record["kind"],
                path = record["path"],
                snapshot = record.get("snapshot", ""),
                created = _created(locked.get("snapshot", "")),
            ))
            closures[condition] = [":%s/%s" % (name, one) for one in _closure(by_name, architecture, package)]
        deb_package(
            name = "%s/%s" % (name, package),
            record = select(
                branches,
                no_match_error = "package %s is locked for %s only; add the architecture to %s and run: %s" % (
                    package,
                    ", ".join(records),
                    where,
                    update,
                ),
            ),
            compression = compression,
            exclude = exclude,
            visibility = visibility,
        )
        deb_closure(
            name = "%s/%s/closure" % (name, package),
            packages = select(closures),
            tags = ["manual"],
            visibility = visibility,
        )

def _closure(by_name, architecture, package):
    """The package and what it depends on, dependencies first, each once."""
    out, seen, stack = [], {}, [(package, False)]
    for _ in range(1000000):
        if not stack:
            break
        name, done = stack.pop()
        if done:
            out.append(name)
            continue
        if name in seen:
            continue
        seen[name] = True
        record = by_name.get(name, {}).get(architecture)
        if record == None:
            continue
        stack.append((name, True))
        for one in reversed(record.get("depends", [])):
            stack.append((one, False))
    return out
