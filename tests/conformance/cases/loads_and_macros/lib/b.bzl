GREETING = "hello"

def helper(name, text, **kwargs):
    native.genrule(
        name = name,
        outs = [name + ".txt"],
        cmd = "echo '%s' > $@" % text,
        **kwargs
    )
