"""`tar`: a layer of files, trees, links and directories, with owners and modes."""

load(":layer.bzl", "COMPRESSION", "ContentInfo", "content_providers", "entry", "mode", "normal_path", "owner")

def _keys(values, label, what):
    out = {}
    for path, value in values.items():
        path = normal_path(path, "%s: %s" % (label, what))
        if not path and what != "modes" and what != "owners":
            fail("%s: %s names the root of the image" % (label, what))
        out[path] = value
    return out

def _below(prefix, path):
    return prefix + "/" + path if prefix else path

def _tar_impl(ctx):
    label = str(ctx.label)
    prefix = normal_path(ctx.attr.package_dir, label + ": package_dir")
    modes = _keys(ctx.attr.modes, label, "modes")
    owners = _keys(ctx.attr.owners, label, "owners")
    used = {}

    def fields(path, directory = False):
        used[path] = True
        uid, gid = owner(owners.get(path, ctx.attr.owner), label)
        text = modes.get(path, "" if directory else ctx.attr.mode)
        return dict(
            uid = uid or None,
            gid = gid or None,
            mode = mode(text, label) if text else None,
            mtime = ctx.attr.mtime or None,
        )

    entries = []
    for path in ctx.attr.directories:
        path = normal_path(path, label + ": directories")
        entries.append(entry(path, "directory", **fields(path, True)))
    for src in ctx.attr.srcs:
        for file in src[DefaultInfo].files.to_list():
            name = file.short_path.removeprefix("../")
            strip = ctx.attr.strip_prefix
            if strip == "":
                name = file.basename
            elif strip != ".":
                root = normal_path(strip, label + ": strip_prefix")
                if strip.startswith("/"):
                    base = root
                else:
                    base = _below(ctx.label.package, root) if root else ctx.label.package
                if base and not name.startswith(base + "/"):
                    fail("%s: %s does not lie below strip_prefix %r" % (label, name, strip))
                name = name[len(base) + 1:] if base else name
            path = _below(prefix, name)
            if file.is_directory:
                path = path if strip else prefix
                entries.append(entry(path, "tree", file, **fields(path, False)))
            else:
                entries.append(entry(path, "file", file, **fields(path)))
    for path, target in ctx.attr.files.items():
        path = normal_path(path, label + ": files")
        files = target[DefaultInfo].files.to_list()
        if len(files) != 1:
            fail("%s: files[%r] is one file, but %s makes %d" % (label, path, target.label, len(files)))
        entries.append(entry(path, "tree" if files[0].is_directory else "file", files[0], **fields(path)))
    for path, text in ctx.attr.content.items():
        path = normal_path(path, label + ": content")
        entries.append(entry(path, content = text, **fields(path)))
    for path, target in ctx.attr.symlinks.items():
        path = normal_path(path, label + ": symlinks")
        if not target:
            fail("%s: symlinks[%r] points nowhere" % (label, path))
        symlink = fields(path)
        symlink.pop("mode")
        entries.append(entry(path, "symlink", link = target, **symlink))
    for path, target in ctx.attr.hardlinks.items():
        path = normal_path(path, label + ": hardlinks")
        used[path] = True
        entries.append(entry(path, "hardlink", link = normal_path(target, label + ": hardlinks")))
    for file in ctx.files.archives:
        entries.append(entry(prefix, "archive", file))
    if ctx.attr.mtree:
        spec = ctx.actions.declare_file(ctx.label.name + ".mtree")
        ctx.actions.write(spec, "#mtree\n" + "".join([line + "\n" for line in ctx.attr.mtree]))
        entries.append(entry("", "mtree", spec))
    for path in list(modes) + list(owners):
        if path not in used:
            fail("%s: modes or owners name %r, which is nothing this rule adds" % (label, path or "/"))
    given = []
    for dep in ctx.attr.deps:
        given.extend(dep[ContentInfo].entries.to_list())
    return content_providers(ctx, given + entries, ctx.attr.compression)

tar = rule(
    implementation = _tar_impl,
    doc = """One layer of files, trees, symbolic links and directories.

Parent directories that nothing names are added (mode 0755, owner 0:0). Times are 0 unless `mtime` says otherwise, entries come in a
fixed order, and so equal inputs give equal bytes.
""",
    attrs = {
        "archives": attr.label_list(
            allow_files = [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.zst"],
            doc = "Tar archives whose entries are taken in below `package_dir`.",
        ),
        "compression": COMPRESSION,
        "content": attr.string_dict(doc = "Path in the image -> text of the file."),
        "deps": attr.label_list(providers = [ContentInfo], doc = "Other files rules whose content goes into this layer too."),
        "directories": attr.string_list(doc = "Directories to make."),
        "files": attr.string_keyed_label_dict(allow_files = True, doc = "Path in the image -> the file or tree that lies there."),
        "hardlinks": attr.string_dict(doc = "Path in the image -> path of the file it is another name of."),
        "mode": attr.string(doc = "Mode of files, octal; by default 0755 for programs and 0644 for others."),
        "modes": attr.string_dict(doc = "Path in the image -> its mode, octal."),
        "mtime": attr.int(doc = "Modification time of all entries, seconds since the epoch."),
        "mtree": attr.string_list(doc = "Lines of an mtree specification, as bsdtar takes it, for what the other attributes cannot say."),
        "owner": attr.string(default = "0:0", doc = "UID:GID of all entries."),
        "owners": attr.string_dict(doc = "Path in the image -> its UID:GID."),
        "package_dir": attr.string(doc = "Directory in the image that `srcs` go to."),
        "srcs": attr.label_list(allow_files = True, doc = "Files and trees that go to `package_dir`."),
        "strip_prefix": attr.string(
            doc = "What is taken off the paths of `srcs`: empty: all directories; `.`: nothing; a path: that prefix, relative to the package or, with a leading `/`, to the workspace.",
        ),
        "symlinks": attr.string_dict(doc = "Path in the image -> what the link points to."),
    },
)
