load("//:lib.bzl", "FAULTS")

FROZEN = set(["a"])

def _more(s):
    s |= set(["b"])

_MORE = {
    "frozen": lambda s, t: FROZEN.add("b"),
    "frozen_in_place": lambda s, t: _more(FROZEN),
    "key": lambda s, t: {s: 1},
    "of_number": lambda s, t: set(1),
    "of_sets": lambda s, t: set([s]),
    "of_text": lambda s, t: set("abc"),
}

def fault(what):
    (FAULTS | _MORE)[what](set(["a", "b"]), set(["c"]))
