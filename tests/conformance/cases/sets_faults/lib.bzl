"""What is not done with sets; none is made here."""

FROZEN = "of the other file"

def _loop(s, t):
    for x in s:
        s.add(x + "more")

def _add_while(s, t):
    for x in s:
        s.discard(x)

FAULTS = {
    "add_unhashable": lambda s, t: s.add([1]),
    "changed_in_loop": _loop,
    "index": lambda s, t: s[0],
    "less": lambda s, t: s < t,
    "minus_list": lambda s, t: s - ["a"],
    "missing": lambda s, t: s.remove("z"),
    "no_method": lambda s, t: s.append("z"),
    "number": lambda s, t: s.union(1),
    "or_list": lambda s, t: s | ["a"],
    "plus": lambda s, t: s + t,
    "pop_empty": lambda s, t: [s.pop() for _ in range(3)],
    "removed_in_loop": _add_while,
    "sorted": lambda s, t: sorted([s, t]),
    "unpack": lambda s, t: [x for x, y, z in [s]],
}
