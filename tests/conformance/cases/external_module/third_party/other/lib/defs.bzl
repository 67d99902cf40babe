WHERE = Label("//lib:x")

def gen(name):
    native.genrule(
        name = name,
        srcs = [Label("//:data.txt")],
        outs = [name + ".txt"],
        cmd = "echo '$(location %s)' '%s' %s %s > $@; cat $(SRCS) >> $@" % (Label("//:data.txt"), WHERE.package, native.package_name(), WHERE.name),
    )
