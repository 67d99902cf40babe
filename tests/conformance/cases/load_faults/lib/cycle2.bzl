load(":cycle1.bzl", "a")

b = a
