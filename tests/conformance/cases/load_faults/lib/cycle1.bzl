load(":cycle2.bzl", "b")

a = b
