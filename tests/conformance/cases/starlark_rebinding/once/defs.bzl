load("//:lib.bzl", "A", A = "B")

X = A
