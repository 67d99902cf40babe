"""`oci_image_index`: images for several platforms under one digest."""

load(":image.bzl", "ImageInfo")

def _platforms_impl(settings, attr):
    if not attr.platforms:
        return {"": {"//command_line_option:platforms": settings["//command_line_option:platforms"]}}
    return {
        platform: {"//command_line_option:platforms": platform}
        for platform in attr.platforms
    }

_platforms = transition(
    implementation = _platforms_impl,
    inputs = ["//command_line_option:platforms"],
    outputs = ["//command_line_option:platforms"],
)

def _oci_image_index_impl(ctx):
    images = list(ctx.attr.images)
    if ctx.attr.image:
        if not ctx.attr.platforms:
            fail("%s: image needs platforms, such as [\"linux/amd64\", \"linux/arm64/v8\"]" % ctx.label)
        images += ctx.attr.image
    elif ctx.attr.platforms:
        fail("%s: platforms needs image; images are taken as they are" % ctx.label)
    if not images:
        fail("%s: give images, or image and platforms" % ctx.label)
    layouts = []
    for image in images:
        if ImageInfo not in image:
            fail("%s: %s is no oci_image" % (ctx.label, image.label))
        layouts.append(image[ImageInfo].layout)
    layout = ctx.actions.declare_directory(ctx.label.name)
    arguments = ctx.actions.args()
    arguments.add_all(layouts, before_each = "--image", expand_directories = False)
    if ctx.attr.annotations:
        arguments.add("--annotations", json.encode(ctx.attr.annotations))
    arguments.add_all("--out", [layout], expand_directories = False)
    ctx.actions.run(
        outputs = [layout],
        inputs = layouts,
        executable = op("image_index"),
        arguments = [arguments],
        mnemonic = "OciIndex",
        progress_message = "Assembling index %{label}",
    )
    return [DefaultInfo(files = depset([layout]))]

oci_image_index = rule(
    implementation = _oci_image_index_impl,
    doc = """One digest over images for several platforms: an OCI image index, as an OCI image layout (a directory).

Either `image` and `platforms`: one `oci_image`, built once for each platform; or `images`: a target for each platform.
""",
    attrs = {
        "annotations": attr.string_dict(doc = "Annotations of the index."),
        "image": attr.label(cfg = _platforms, doc = "The image to build for each of `platforms`."),
        "images": attr.label_list(doc = "Images, each for a platform of its own."),
        "platforms": attr.string_list(doc = "OCI platforms (`linux/arm64/v8`) or labels of `platform` targets, in the order of the index."),
    },
)
