"""What rules know of directories."""

load("//rules/directory/private:glob.bzl", "glob")
load("//rules/directory/private:paths.bzl", "DIRECTORY", "FILE", "get_path")

DirectoryInfo = provider(
    doc = "A directory: what stands in it, and functions that look for something below it.",
    fields = {
        "entries": "name to File, or to DirectoryInfo of a directory below",
        "get_file": "get_file(path): the File at a relative path",
        "get_path": "get_path(path): the File or DirectoryInfo at a relative path",
        "get_subdirectory": "get_subdirectory(path): the DirectoryInfo at a relative path",
        "glob": "glob(include, exclude = [], allow_empty = False): a depset of the files that patterns stand for",
        "human_readable": "its name in messages",
        "path": "its execution path",
        "transitive_files": "a depset of all files below it",
    },
)

def create_directory_info(**kwargs):
    """A DirectoryInfo with its functions, of its values."""
    self = struct(**kwargs)
    return DirectoryInfo(
        get_file = lambda path: get_path(self, path, require_type = FILE),
        get_path = lambda path: get_path(self, path),
        get_subdirectory = lambda path: get_path(self, path, require_type = DIRECTORY),
        glob = lambda include, exclude = [], allow_empty = False: glob(self, include, exclude, allow_empty),
        **kwargs
    )
