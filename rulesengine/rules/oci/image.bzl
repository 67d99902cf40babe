"""`oci_image`: layers and a configuration as an OCI image layout."""

load("//debian:package.bzl", "LayersInfo")
load("//files:layer.bzl", "ContentInfo", "LayerInfo", "entry", "pack_layer")

ImageInfo = provider(
    doc = "An image for one platform.",
    fields = {
        "layout": "File: the OCI layout, a directory",
        "layers": "list of LayerInfo, the base's not among them",
        "created": "RFC 3339 time the image claims",
    },
)

_EPOCH = "1970-01-01T00:00:00Z"
_ARCHIVES = [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.zst"]

def _layers(ctx):
    """Every layer of `tars`, in order; plain tar files become layers."""
    out = []
    for target in ctx.attr.tars:
        if LayersInfo in target:
            out.extend(target[LayersInfo].layers)
        elif LayerInfo in target:
            out.append(target[LayerInfo])
        elif ContentInfo in target:
            name = "%s.layers/%d" % (ctx.label.name, len(out))
            out.append(pack_layer(ctx, name, target[ContentInfo].entries, "gzip"))
        else:
            for file in target[DefaultInfo].files.to_list():
                if not [True for extension in _ARCHIVES if file.basename.endswith(extension)]:
                    fail("%s: tars: %s is neither a layer nor a tar archive (%s)" % (ctx.label, file.short_path, " ".join(_ARCHIVES)))
                name = "%s.layers/%d" % (ctx.label.name, len(out))
                out.append(pack_layer(ctx, name, depset([entry("", "archive", file)]), "gzip"))
    seen, unique = {}, []
    for layer in out:
        if layer.blob not in seen:
            seen[layer.blob] = True
            unique.append(layer)
    return unique

def _oci_image_impl(ctx):
    layers = _layers(ctx)
    created = ctx.attr.created
    if not created:
        created = max([_EPOCH] + [layer.created for layer in layers])
    platform = ctx.target_platform
    if "unknown" in [ctx.attr.os or platform.os, ctx.attr.architecture or platform.architecture]:
        fail("%s: the target platform's constraint values do not tell its operating system and its processor; an image needs both" % ctx.label)
    config = {
        "platform": {
            "architecture": ctx.attr.architecture or platform.architecture,
            "os": ctx.attr.os or platform.os,
            "variant": ctx.attr.variant or (platform.variant if not ctx.attr.architecture else ""),
        },
        "annotations": ctx.attr.annotations,
        "author": ctx.attr.author,
        "cmd": ctx.attr.cmd,
        "created": created,
        "entrypoint": ctx.attr.entrypoint,
        "env": ctx.attr.env,
        "exposed_ports": ctx.attr.exposed_ports,
        "labels": ctx.attr.labels,
        "stop_signal": ctx.attr.stop_signal,
        "user": ctx.attr.user,
        "volumes": ctx.attr.volumes,
        "workdir": ctx.attr.workdir,
    }
    layout = ctx.actions.declare_directory(ctx.label.name)
    arguments = ctx.actions.args()
    arguments.add("--config", json.encode({key: value for key, value in config.items() if value}))
    inputs = []
    if ctx.attr.base:
        base = ctx.attr.base[ImageInfo].layout if ImageInfo in ctx.attr.base else ctx.files.base[0]
        arguments.add_all("--base", [base], expand_directories = False)
        inputs.append(base)
    for layer in layers:
        arguments.add("--layer", layer.blob).add("--metadata", layer.metadata)
        inputs.extend([layer.blob, layer.metadata])
    arguments.add_all("--out", [layout], expand_directories = False)
    ctx.actions.run(
        outputs = [layout],
        inputs = depset(inputs),
        executable = op("image"),
        arguments = [arguments],
        mnemonic = "OciImage",
        progress_message = "Assembling image %{label} for " + platform.name,
    )
    return [
        DefaultInfo(files = depset([layout])),
        ImageInfo(layout = layout, layers = layers, created = created),
        OutputGroupInfo(
            layers = depset([layer.blob for layer in layers]),
            entries = depset([layer.entries for layer in layers]),
        ),
    ]

oci_image = rule(
    implementation = _oci_image_impl,
    doc = """An image for the platform that is built, as an OCI image layout (a directory).

Layers lie in the order of `tars`. No layer is copied or read again to assemble an image, and equal layers are stored once.
""",
    attrs = {
        "annotations": attr.string_dict(doc = "Annotations of the manifest."),
        "architecture": attr.string(doc = "Architecture the image claims, where it is not the platform's."),
        "author": attr.string(doc = "Who made it."),
        "base": attr.label(doc = "An image that this one adds layers to; its configuration is inherited."),
        "cmd": attr.string_list(doc = "Default arguments of the entrypoint."),
        "created": attr.string(doc = "RFC 3339 time the image claims; by default the snapshot its packages were locked at, so that it is the same in every build."),
        "entrypoint": attr.string_list(doc = "The program and its first arguments."),
        "env": attr.string_dict(doc = "Environment; `$NAME` stands for the base's value."),
        "exposed_ports": attr.string_list(doc = "Ports, as `8080` or `53/udp`."),
        "labels": attr.string_dict(doc = "Labels of the configuration."),
        "os": attr.string(doc = "Operating system the image claims, where it is not the platform's."),
        "stop_signal": attr.string(doc = "Signal that asks it to stop (`SIGTERM`)."),
        "tars": attr.label_list(
            allow_files = _ARCHIVES,
            doc = "The layers: packages of a `deb_archive`, files rules, or tar archives.",
        ),
        "user": attr.string(doc = "Who runs it: `UID`, `UID:GID` or names."),
        "variant": attr.string(doc = "Variant the image claims, where it is not the platform's."),
        "volumes": attr.string_list(doc = "Paths that hold data of their own."),
        "workdir": attr.string(doc = "Working directory."),
    },
)
