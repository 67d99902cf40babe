load(":b.bzl", "GREETING", renamed = "helper")

def outer(name, *args, **kwargs):
    print("outer", name)
    renamed(name = name + "_x", text = " ".join(args) or GREETING, **kwargs)
