"""Macros around genrule."""

SIZES = ["100", "600", "1000"]

def resized(name, image, size, **kwargs):
    native.genrule(
        name = name,
        srcs = [image],
        outs = ["resized_" + name + "_" + image],
        cmd = "echo 'resize to %s' > $@; cat $< >> $@" % size,
        **kwargs
    )

def all_sizes(name, image, visibility = None):
    for size in SIZES:
        resized(
            name = "%s_%s" % (name, size),
            image = image,
            size = size,
            visibility = visibility,
        )
    native.filegroup(
        name = name,
        srcs = [":%s_%s" % (name, size) for size in SIZES],
        visibility = visibility,
    )
