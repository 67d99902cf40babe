"""Functions with some of their arguments given in advance."""

def _make(func, *args, **kwargs):
    """A partial: call() gives these positional arguments before its own, and its named ones win over these."""
    return struct(function = func, args = args, kwargs = kwargs)

def _call(partial, *args, **kwargs):
    """Call a partial's function with the arguments of both."""
    named = dict(partial.kwargs)
    named.update(kwargs)
    return partial.function(*(tuple(partial.args) + tuple(args)), **named)

def _is_instance(v):
    """Whether a value came from make()."""
    return type(v) == "struct" and hasattr(v, "function") and hasattr(v, "args") and hasattr(v, "kwargs")

partial = struct(
    call = _call,
    is_instance = _is_instance,
    make = _make,
)
