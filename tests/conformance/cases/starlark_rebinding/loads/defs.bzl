load("//:lib.bzl", "A")
load("//:lib.bzl", A = "B")

X = A
