def _impl(ctx):
    one = depset(["a"], order = "preorder")
    two = depset(["b"], transitive = [one], order = "topological")
    print(two)

r = rule(implementation = _impl)
