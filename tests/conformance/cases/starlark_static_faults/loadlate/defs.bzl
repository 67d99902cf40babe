def f():
    load("x.bzl", "y")
