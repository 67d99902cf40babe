HERE = Label(":here")

def label_lines():
    return [
        str(HERE),
        repr(HERE),
        "%s" % HERE,
        HERE.package + "|" + HERE.name + "|" + HERE.workspace_name + "|" + HERE.repo_name + "|" + HERE.workspace_root,
        str(Label("//a/b:c")),
        str(Label("//a/b")),
        str(Label("@//a:b")),
        str(Label("@@//a:b")),
        str(Label("x")),
        str(Label("//a/b").same_package_label("z")),
        str(HERE == Label("//lib:here")),
        str({HERE: 1}[Label("//lib:here")]),
        type(HERE),
        str(sorted([Label("//b"), Label("//a")]) if False else [Label("//b")]),
    ]
