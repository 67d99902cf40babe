"""Words for POSIX shells."""

def _quote(s):
    """A text as one word of a shell, whatever it holds."""
    return "'" + s.replace("'", "'\\''") + "'"

def _array_literal(iterable):
    """A bash array of the elements, each quoted."""
    return "(" + " ".join([_quote(str(element)) for element in iterable]) + ")"

shell = struct(
    array_literal = _array_literal,
    quote = _quote,
)
