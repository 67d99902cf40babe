load("@bazel_skylib//lib:modules.bzl", "modules")

def _repositories():
    fail("not run")

extension = modules.as_extension(_repositories, doc = "None.")

def _impl(module_ctx):
    return modules.use_all_repos(module_ctx)

other = module_extension(implementation = _impl)
names = [name for name in dir(modules)] + [str(modules.use_all_repos(struct()))]
