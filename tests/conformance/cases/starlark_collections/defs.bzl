def _mutate():
    x = [3, 1, 2]
    x.append(5)
    x.extend((7, 8))
    x.insert(1, 9)
    x.remove(3)
    popped = [x.pop(), x.pop(0)]
    x += [4]
    return [x, popped, x.index(2)]

def _dicts():
    d = {"b": 1, "a": 2}
    d["c"] = 3
    d.update([("z", 1)], y = 2)
    d.setdefault("b", 100)
    d.setdefault("new", 5)
    e = {k: v for k, v in d.items() if v > 1}
    return [d, e, d.keys(), d.values(), d.get("nope"), d.get("nope", 1), d.pop("b"), d.popitem(), d | {"m": 0}, "a" in d, len(d), dict([("x", 1)], y = 2), dict(d) == d]

def _flow():
    out = []
    for i in range(10):
        if i == 2:
            continue
        elif i > 5:
            break
        else:
            out.append(i)
    for i, (a, b) in enumerate([(1, 2), (3, 4)]):
        out.append((i, a + b))
    return out

def _args(a, b = 2, *args, c, d = 4, **kwargs):
    return [a, b, args, c, d, kwargs]

def _impl(ctx):
    lines = [str(x) for x in [
        _mutate(),
        _dicts(),
        _flow(),
        _args(1, c = 3),
        _args(1, 5, 6, 7, c = 3, z = 9),
        _args(*[1, 2, 3], **{"c": 3, "x": 1}),
        [x * y for x in range(3) for y in range(x) if x != y],
        [range(5), list(range(5, 0, -2)), len(range(0, 10, 3)), 3 in range(5), range(10)[2:4]],
        [1 // 2, -7 // 2, -7 % 3, 7 % -3, 5 / 2, 1 << 4, 255 >> 2, 6 & 3, 6 | 3, 6 ^ 3, ~5, -(-3)],
        [2147483647 * 2147483647, 0x1F, 0o17, 1e3, 1.5, float("1.5"), int(3.7), int("0x1f", 16), int("12"), abs(-4)],
        [min(3, 1, 2), max([1, 5, 2]), min(["b", "a"], key = len), sorted([3, 1, 2], reverse = True), sorted(["bb", "a"], key = len)],
        [any([0, 1]), all([]), bool(""), bool([0]), list(zip([1, 2], ["a", "b", "c"])), list(reversed([1, 2]))],
        [type(1), type(1.0), type(""), type([]), type({}), type(()), type(None), type(True), type(len), type(_impl), type(range(1)), type(struct())],
        [(1,), (), (1, 2) + (3,), (1, 2) * 2, [1] * 3, [1, 2] + [3], (1, 2) < (1, 3), [1, 2] == [1, 2], [1, [2]]],
        [1 if [] else 2, None or "x", "" and "y", not None, 1 == 1.0, "1" == 1, 1 < 2 and 2 < 3],
        [hasattr(struct(a = 1), "a"), getattr(struct(a = 1), "b", 7), dir(struct(a = 1, b = 2)), struct(a = 1)],
        [str(1e10), str(1e16), str(1e17), str(0.1), str(-0.0), str(1e-7), str(3.0)],
        [lambda x: x, (lambda x, y = 2: x + y)(1), len],
        list({1: "a", (1, 2): "b", None: "c"}.keys()),
        [[1, 2, 3, 4, 5][a:b:c] for a, b, c in [(1, 3, None), (None, None, -1), (-2, None, None), (None, -1, 2)]],
        repr({"a": [1, (2,)], 3: None}),
        [str(Label("//a:b")), Label(":c").name, Label("//a").name, Label("//x/y:z").package],
    ]]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _impl)
