"""A directory of source files, or of made ones, that other rules can look into."""

load("//lib:paths.bzl", "paths")
load(":providers.bzl", "DirectoryInfo", "create_directory_info")

def _node(above, name):
    """A directory that fills while files are looked through; its children hold their places by name."""
    return struct(
        below = {},
        files = [],
        human_readable = paths.join(above.human_readable, name),
        relative = paths.join(above.relative, name) if above.relative else name,
    )

def _directory_impl(ctx):
    marker = ctx.actions.declare_file("_directory_rule_" + ctx.label.name)
    ctx.actions.write(marker, "")
    source = "/".join([part for part in [ctx.label.workspace_root, ctx.label.package] if part])
    roots = [source, marker.dirname]
    examples = {}

    top = struct(below = {}, files = [], human_readable = str(ctx.label), relative = "")
    nodes = [top]
    for file in ctx.files.srcs:
        prefix = None
        for root in roots:
            if prefix == None and file.path.startswith(root + "/" if root else ""):
                # Made files lie below the package's source directory too where that is the workspace's own.
                prefix = marker.dirname if file.path.startswith(marker.dirname + "/") else root
        if prefix == None:
            fail("Expected {} to start with one of {}".format(file.path, [root + "/" for root in roots]))
        examples[prefix] = file
        node = top
        for name in file.path[len(prefix) + 1 if prefix else 0:].split("/")[:-1]:
            if name not in node.below:
                node.below[name] = _node(node, name)
                nodes.append(node.below[name])
            node = node.below[name]
        node.files.append(file)
    if len(examples) > 1:
        fail("Your sources contain {} and {}.\n\nHaving both source and generated files in a single directory is unsupported: they stand in two directories when actions run. Make one target for each kind.".format(*[
            examples[root]
            for root in roots
        ]))
    path = list(examples)[0] if examples else source

    made = {}
    for node in reversed(nodes):
        below = {name: made[one.relative] for name, one in node.below.items()}
        entries = {file.basename: file for file in node.files} | below
        made[node.relative] = create_directory_info(
            entries = {name: entries[name] for name in sorted(entries)},
            human_readable = node.human_readable,
            path = paths.join(path, node.relative) if node.relative else path,
            transitive_files = depset(
                sorted(node.files, key = lambda file: file.basename),
                order = "preorder",
                transitive = [below[name].transitive_files for name in sorted(below)],
            ),
        )
    return [made[""], DefaultInfo(files = made[""].transitive_files)]

directory = rule(
    doc = "The directory of the package, with some files below it.",
    implementation = _directory_impl,
    attrs = {"srcs": attr.label_list(allow_files = True, doc = "files below the package; all sources, or all made")},
    provides = [DirectoryInfo],
)
