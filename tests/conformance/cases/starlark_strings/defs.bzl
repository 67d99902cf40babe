def _impl(ctx):
    s = "Hello, world"
    lines = [
        s.upper(),
        s.lower(),
        s.title(),
        "hello world".capitalize(),
        str(s.split(", ")),
        str("a,b,c".rsplit(",", 1)),
        str("a\nb\r\nc".splitlines()),
        str("a\nb\n".splitlines(True)),
        str("k=v=w".partition("=")),
        str("k=v=w".rpartition("=")),
        "-".join(["a", "b"]),
        str([s.find("o"), s.rfind("o"), s.count("l"), s.index("H"), s.find("zz")]),
        str(["abc".startswith(("x", "a")), "abc".endswith("bc"), "a1".isalnum(), "a".isalpha(), "12".isdigit(), "  ".isspace(), "AB".isupper(), "ab".islower(), "Ab".istitle()]),
        "  x ".strip() + "|" + "xxaxx".lstrip("x") + "|" + "xxaxx".rstrip("x") + "|" + "abcba".strip("ab"),
        "prefix_name".removeprefix("prefix_") + " " + "name.txt".removesuffix(".txt"),
        "a-b-c".replace("-", "+", 1) + " " + "a-b-c".replace("-", ""),
        "{} {} {{}}".format("x", "y"),
        "{1} {0} {name}".format("a", "b", name = "n"),
        "%s %r %d %%" % ("s", "r", 42),
        "%s" % (("tuple",),),
        "%s %s" % ([1, "a"], {"k": ("v",)}),
        repr("quote ' and \" and \\ \n \t é ☃"),
        "abc"[1] + "abc"[-1] + "abcdef"[1:5:2] + "abc"[::-1],
        "a" * 3 + "b" + "" * 5,
        str("b" in "abc"),
        str(["%s" % x for x in [None, True, 1, "s"]]),
        str(list("abc".elems())),
        r"raw\n" + "\101\102",
        "implicit" + "concatenation",
        """triple
quoted""",
        str([hash("abc"), hash("")]),
        str([97, len("world")]),
        str(sorted(["b", "A", "a", "_"])),
        str("abc" < "abd"),
    ]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _impl)
