"""The shape of JSON values, and the commands whose files are compared with Bazel's (see record_shapes)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

FILES = {
    "MODULE.bazel": 'module(name = "m")\n',
    "a/BUILD": """genrule(name = "g", srcs = ["x.txt"], outs = ["out"], cmd = "cat $(SRCS) > $@")
genrule(name = "h", srcs = [":g"], outs = ["h.out"], cmd = "(cat $(SRCS); echo h) > $@")
genrule(name = "bad", outs = ["bad.out"], cmd = "echo oops >&2; exit 3", tags = ["manual"])
sh_test(name = "t", srcs = ["t.sh"])
sh_test(name = "f", srcs = ["f.sh"], tags = ["manual"])
""",
    "a/x.txt": "x\n",
    "a/t.sh": "#!/bin/sh\nexit 0\n",
    "a/f.sh": "#!/bin/sh\nexit 1\n",
    "p/BUILD": 'genrule(name = "x"\n',
}

RUNS = {
    "built": ("build", "//a:g", "//a:h"),
    "nothing to do": ("build", "//a:g", "//a:h"),
    "failed": ("build", "//a:bad"),
    "failed, and another built": ("build", "-k", "//a:bad", "//a:g"),
    "analysed": ("build", "--nobuild", "//a:g"),
    "tested": ("test", "-k", "//a:t", "//a:f"),
    "no test": ("test", "//a:g"),
    "no such target": ("build", "//a:nope"),
    "a file that does not parse": ("build", "//p:x"),
}


def shape(value: Any, into: dict[str, list[str]], path: str = "") -> None:
    """Add `path.of.keys` → kinds of values to `into`; what lists hold stands at `path[]`."""
    kind = {dict: "object", list: "list", str: "text", bool: "switch", int: "number", float: "number"}[type(value)]
    kinds = into.setdefault(path, [])
    if kind not in kinds:
        kinds.append(kind)
        kinds.sort()
    if isinstance(value, dict):
        for name, one in value.items():
            shape(one, into, f"{path}.{name}")
    elif isinstance(value, list):
        for one in value:
            shape(one, into, f"{path}[]")


def several(text: str) -> Iterator[Any]:
    """JSON values one after the other."""
    decoder = json.JSONDecoder()
    position = 0
    while position < len(text):
        while position < len(text) and text[position].isspace():
            position += 1
        if position < len(text):
            value, position = decoder.raw_decode(text, position)
            yield value
