"""Functions that say that they do nothing here."""

def unavailable(name):
    """A function that fails when it is called.

    Args:
      name: what it is called where it is loaded.
    Returns:
      The function.
    """

    def called(*args, **kwargs):  # buildifier: disable=unused-variable
        fail("%s: repository rules are not run here, and nothing is downloaded; " % name +
             "name a copy with local_path_override(module_name = …, path = …) in MODULE.bazel")

    return called
