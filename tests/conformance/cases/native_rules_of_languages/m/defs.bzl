"""A macro that calls rules of languages."""

def m(name):
    native.cc_library(
        name = name + "_cc",
        deps = ["//:cc_library"],
        visibility = ["//visibility:public"],
    )
    native.filegroup(name = name)
    print(sorted(native.existing_rules().keys()), native.existing_rule(name + "_cc")["deps"], native.existing_rule(name + "_cc")["kind"])
