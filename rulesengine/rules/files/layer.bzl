"""Layers and what goes into them: the providers that files, packages and images share.

Content is described before it is packed: a rule that makes files says what lies where
(`ContentInfo`), and a layer packs one description or several (`pack_layer`).
"""

ContentInfo = provider(
    doc = "Files as they will lie in an image: described, not yet packed.",
    fields = {
        "entries": "depset of struct(entry = JSON text of one entry, source = File or None), in order; see `entry()`",
    },
)

LayerInfo = provider(
    doc = "One layer of an image.",
    fields = {
        "blob": "File: the layer as it is pushed (a tar, compressed or not)",
        "metadata": "File: JSON with mediaType, digest, size and diffId",
        "entries": "File: JSON lines, what the layer holds, for tests and reports that do not unpack it",
        "created": "RFC 3339 time that an image made of it may claim, or empty",
    },
)

COMPRESSIONS = {
    "gzip": ".tar.gz",
    "none": ".tar",
    "zstd": ".tar.zst",
}

COMPRESSION = attr.string(
    default = "gzip",
    values = COMPRESSIONS.keys(),
    doc = "How the layer is compressed: `gzip` (every runtime reads it), `zstd` or `none`.",
)

def mode(text, what):
    """A mode written as octal text (`0755`, `755`, `1777`) as a number.

    Args:
      text: the octal digits
      what: what it is the mode of, for the error

    Returns:
      an int
    """
    digits = text.removeprefix("0o")
    if not digits or len(digits) > 5 or digits.strip("01234567"):
        fail("%s: mode %r is not octal digits such as 0644" % (what, text))
    return int(digits, 8)

def owner(text, what):
    """An owner written as `UID`, `UID:GID` or `UID.GID` as a pair of numbers.

    Args:
      text: the numbers
      what: what it is the owner of, for the error

    Returns:
      (uid, gid)
    """
    uid, separator, gid = text.replace(".", ":").partition(":")
    gid = gid if separator else uid
    for one in [uid, gid]:
        if not one.isdigit():
            fail("%s: owner %r is not UID or UID:GID in numbers" % (what, text))
    return int(uid), int(gid)

def normal_path(path, what):
    """A path in an image without leading `/` or `./`; fails for one that leaves the image.

    Args:
      path: as written
      what: what names it, for the error

    Returns:
      the relative path, empty for the root itself
    """
    parts = [part for part in path.split("/") if part not in ["", "."]]
    if ".." in parts:
        fail("%s: path %r leaves the image" % (what, path))
    return "/".join(parts)

def entry(path, type = "file", source = None, **fields):
    """One described entry.

    Args:
      path: in the image, relative
      type: file, directory, symlink, hardlink, tree, archive, mtree, char, block or fifo
      source: the File that has the bytes, or None
      **fields: mode (int), uid, gid, uname, gname, mtime (seconds), link, content (text)

    Returns:
      a struct for ContentInfo.entries
    """
    described = {"path": path}
    if type != "file":
        described["type"] = type
    for name in sorted(fields):
        if fields[name] != None:
            described[name] = fields[name]
    return struct(entry = json.encode(described), source = source)

def pack_layer(ctx, name, entries, compression, created = ""):
    """Declare the action that packs described entries into a layer.

    Args:
      ctx: the rule's context
      name: stem of the files made
      entries: depset of entries
      compression: gzip, zstd or none
      created: time for LayerInfo

    Returns:
      a LayerInfo
    """
    blob = ctx.actions.declare_file(name + COMPRESSIONS[compression])
    metadata = ctx.actions.declare_file(name + ".layer.json")
    listing = ctx.actions.declare_file(name + ".entries.jsonl")
    arguments = ctx.actions.args()
    sources = []
    for one in entries.to_list():
        arguments.add("--entry", one.entry)
        if one.source != None:
            arguments.add("--source", one.source)
            sources.append(one.source)
    arguments.add("--compression", compression)
    arguments.add("--layer", blob).add("--metadata", metadata).add("--entries", listing)
    ctx.actions.run(
        outputs = [blob, metadata, listing],
        inputs = depset(sources),
        executable = op("tar_layer"),
        arguments = [arguments],
        mnemonic = "PackLayer",
        progress_message = "Packing layer %{label}",
    )
    return LayerInfo(blob = blob, metadata = metadata, entries = listing, created = created)

def content_providers(ctx, entries, compression, created = "", extra = []):
    """What every files rule returns: its content, and a layer of that content alone.

    Args:
      ctx: the rule's context
      entries: list of entries
      compression: for the layer
      created: time for LayerInfo
      extra: further providers

    Returns:
      a list of providers
    """
    content = depset(entries)
    layer = pack_layer(ctx, ctx.label.name, content, compression, created)
    return [
        DefaultInfo(files = depset([layer.blob])),
        ContentInfo(entries = content),
        layer,
        OutputGroupInfo(metadata = depset([layer.metadata]), entries = depset([layer.entries])),
    ] + extra
