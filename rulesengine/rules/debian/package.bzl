"""`deb_package`: one Debian package for the platform that is built, as a layer."""

load("//files:layer.bzl", "COMPRESSION", "COMPRESSIONS", "LayerInfo")

DebInfo = provider(
    doc = "A Debian package for one architecture.",
    fields = {
        "package": "its name",
        "version": "its Debian version",
        "architecture": "its Debian architecture (`all` for packages that fit every one)",
        "deb": "File: the .deb",
        "created": "RFC 3339 time of the archive's snapshot it was locked at",
    },
)

def _deb_package_impl(ctx):
    if not ctx.attr.record:
        fail(ctx.attr.missing or "%s: no .deb for %s" % (ctx.label, ctx.target_platform.name))
    record = json.decode(ctx.attr.record)
    stem = "%s_%s_%s" % (record["name"], record["version"].replace(":", "%3a"), record["architecture"])
    deb = ctx.actions.declare_file("%s/%s.deb" % (ctx.label.name, stem))
    ctx.actions.fetch(
        output = deb,
        sha256 = record["sha256"],
        size = record["size"],
        kind = record["kind"],
        path = record["path"],
        snapshot = record.get("snapshot", ""),
    )
    layer = deb_layer(ctx, "%s/%s" % (ctx.label.name, stem), deb, record.get("created", ""))
    return [
        DefaultInfo(files = depset([layer.blob])),
        DebInfo(
            package = record["name"],
            version = record["version"],
            architecture = record["architecture"],
            deb = deb,
            created = record.get("created", ""),
        ),
        layer,
        OutputGroupInfo(
            deb = depset([deb]),
            metadata = depset([layer.metadata]),
            entries = depset([layer.entries]),
        ),
    ]

def deb_layer(ctx, stem, deb, created):
    """Declare the action that converts a .deb into a layer.

    Args:
      ctx: the rule's context; its rule has `compression` and `exclude`
      stem: of the files made
      deb: File
      created: time for LayerInfo

    Returns:
      a LayerInfo
    """
    blob = ctx.actions.declare_file(stem + COMPRESSIONS[ctx.attr.compression])
    metadata = ctx.actions.declare_file(stem + ".layer.json")
    listing = ctx.actions.declare_file(stem + ".entries.jsonl")
    arguments = ctx.actions.args()
    arguments.add("--deb", deb).add("--compression", ctx.attr.compression)
    arguments.add_all(ctx.attr.exclude, before_each = "--exclude")
    arguments.add("--layer", blob).add("--metadata", metadata).add("--entries", listing)
    ctx.actions.run(
        outputs = [blob, metadata, listing],
        inputs = [deb],
        executable = op("deb_layer"),
        arguments = [arguments],
        mnemonic = "DebLayer",
        progress_message = "Converting " + deb.basename,
    )
    return LayerInfo(blob = blob, metadata = metadata, entries = listing, created = created)

_EXCLUDE = attr.string_list(
    doc = "Paths left out, as glob patterns (`usr/share/doc/**`).",
)

deb_package = rule(
    implementation = _deb_package_impl,
    doc = "One package of a `deb_archive`; made by that macro, not written by hand.",
    attrs = {
        "compression": COMPRESSION,
        "exclude": _EXCLUDE,
        "missing": attr.string(),
        "record": attr.string(),
    },
)

def _deb_file_impl(ctx):
    layer = deb_layer(ctx, ctx.label.name, ctx.file.deb, ctx.attr.created)
    stem = ctx.file.deb.basename.removesuffix(".deb").split("_")
    return [
        DefaultInfo(files = depset([layer.blob])),
        DebInfo(
            package = ctx.attr.package or stem[0],
            version = stem[1] if len(stem) > 1 else "",
            architecture = stem[2] if len(stem) > 2 else "",
            deb = ctx.file.deb,
            created = ctx.attr.created,
        ),
        layer,
        OutputGroupInfo(metadata = depset([layer.metadata]), entries = depset([layer.entries])),
    ]

deb_file = rule(
    implementation = _deb_file_impl,
    doc = "A layer of a .deb that lies in the workspace or that another rule makes.",
    attrs = {
        "compression": COMPRESSION,
        "created": attr.string(doc = "RFC 3339 time that an image may claim; empty: none."),
        "deb": attr.label(mandatory = True, allow_single_file = [".deb"], doc = "The package file."),
        "exclude": _EXCLUDE,
        "package": attr.string(doc = "The package's name where the file's name does not tell."),
    },
)

LayersInfo = provider(
    doc = "Several layers in order, where a target stands for more than one.",
    fields = {"layers": "list of LayerInfo"},
)

def _closure_impl(ctx):
    return [DefaultInfo(files = depset(transitive = [p.files for p in ctx.attr.packages])), LayersInfo(
        layers = [p[LayerInfo] for p in ctx.attr.packages],
    )]

deb_closure = rule(
    implementation = _closure_impl,
    doc = "A package and all that it depends on, each a layer; `ARCHIVE/NAME/closure` of a `deb_archive`.",
    attrs = {
        "packages": attr.label_list(providers = [LayerInfo], doc = "The packages, dependencies first."),
    },
)
