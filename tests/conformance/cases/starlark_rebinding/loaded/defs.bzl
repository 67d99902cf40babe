load("//:lib.bzl", "A")

X = 1

A = 2
