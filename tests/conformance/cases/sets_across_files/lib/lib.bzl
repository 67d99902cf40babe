"""Makes none itself: it sees those of others."""

NamesInfo = provider(fields = ["names", "files"])

def described(s):
    if not s:
        return "empty %s %s" % (type(s), s)
    first, second = s
    return " ".join([
        type(s),
        str(len(s)),
        "has a" if "a" in s else "lacks a",
        "lacks z" if "z" not in s else "has z",
        ",".join(s),
        ",".join([x.upper() for x in s]),
        str(sorted(s, reverse = True)),
        first + second,
        str([all(s), any(s), max(s), list(enumerate(s)), zip(s, [1, 2]), tuple(s), reversed(s)]),
    ])

def counted(s):
    count = 0
    for _ in s:
        count += 1
    return count

def joined(*names):
    return "+".join(names)

def chosen(s, other):
    return [s or other, s and other, bool(s), not s, other if s else s]

def put(seen, name):
    seen.add(name)
    seen.update([name + name], {"key": 1})
    seen.discard("x")
    return seen

def combined(a, b):
    c = a | b
    c -= a & b
    return [a | b, a & b, a - b, a ^ b, c, a.union(b).difference(["a"])]

def both(s):
    l = ["-"]
    l.extend(s)
    return l
