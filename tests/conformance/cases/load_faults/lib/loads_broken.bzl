load(":broken.bzl", "x")

y = x
