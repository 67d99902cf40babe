"""Patterns over what stands below a directory."""

def transitive_entries(directory):
    """The directory, and every directory and file below it."""
    found = [directory]
    level = [directory]
    for _ in range(1 << 30):
        if not level:
            break
        below = [entry for one in level for entry in one.entries.values()]
        found += below
        level = [entry for entry in below if type(entry) != "File"]
    return found

def directory_glob_chunk(directory, chunk):
    """What one part of a pattern, between slashes, stands for: entries of the directory, or with `**` all below it."""
    if chunk == "**":
        return transitive_entries(directory)
    if chunk == "*":
        return directory.entries.values()
    parts = chunk.split("*")
    if len(parts) == 1:
        return [directory.entries[chunk]] if chunk in directory.entries else []
    if len(parts) > 3:
        fail("glob chunks with more than two asterixes are unsupported. Got", chunk)
    first, last = parts[0], parts[-1]
    between = parts[1] if len(parts) == 3 else ""
    return [
        entry
        for name, entry in directory.entries.items()
        if len(name) >= len(first) + len(last) and name.startswith(first) and name.endswith(last) and
           between in name[len(first):len(name) - len(last)]
    ]

def directory_single_glob(directory, glob):
    """The files that one pattern stands for."""
    places = [directory]
    files = {}
    for chunk in glob.split("/"):
        entries = [entry for place in places for entry in directory_glob_chunk(place, chunk)]
        files = {entry: None for entry in entries if type(entry) == "File"}
        places = {entry.human_readable: entry for entry in entries if type(entry) != "File"}.values()
    return list(files)

def glob(directory, include, exclude = [], allow_empty = False):
    """A depset of the files that patterns stand for, without those that others do."""

    def matches(pattern):
        found = directory_single_glob(directory, pattern)
        if not found and not allow_empty:
            fail("{} failed to match any files in {}".format(repr(pattern), directory.human_readable))
        return found

    files = {file: None for pattern in include for file in matches(pattern)}
    for pattern in exclude:
        for file in matches(pattern):
            files.pop(file, None)
    return depset(list(files))
