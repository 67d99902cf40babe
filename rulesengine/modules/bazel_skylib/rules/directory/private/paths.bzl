"""What stands at a path below a directory."""

load("//lib:paths.bzl", "paths")

FILE = "file"
DIRECTORY = "directory"

def _kind(entry):
    return FILE if type(entry) == "File" else DIRECTORY

def _child(directory, name, require_type):
    entry = directory.entries.get(name)
    if entry == None:
        fail("{} does not contain an entry named {}.\nInstead, it contains the following entries:\n{}\n\n".format(
            directory.human_readable,
            repr(name),
            "\n".join(directory.entries.keys()),
        ))
    if require_type != None and _kind(entry) != require_type:
        fail("Expected {}/{} to have type {}, but got {}".format(
            directory.human_readable,
            name,
            require_type.capitalize(),
            _kind(entry).capitalize(),
        ))
    return entry

def get_path(directory, path, require_type = None):
    """The File or DirectoryInfo at a relative path; it fails where there is none, or none of the type that is asked for."""
    if paths.is_absolute(path):
        fail("Path must be relative. Got " + path)
    names = path.split("/")
    for number, name in enumerate(names):
        directory = _child(directory, name, DIRECTORY if number + 1 < len(names) else require_type)
    return directory
