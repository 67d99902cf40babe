# ---- depset ----------------------------------------------------------------
# A DAG of Starlark values for to_list(); Python mirrors the files of each node, so that actions
# never flatten.  Node identity needs an id from Python: unhashable nodes cannot be told apart.  A small node without
# children needs none: the paths of its files stand for it, and to look at it twice costs little.
#
# A node: (id or paths, direct values, nodes below, order, depth).

_MAX_DEPSET_DEPTH = 3500
_ORDERS = {"default": 1, "postorder": 1, "preorder": 1, "topological": 1}

def depset(direct = None, order = "default", *, transitive = None):
    if order not in _ORDERS:
        fail("invalid order %r: default, postorder, preorder or topological" % order)
    if direct == None:
        direct = []
    elif type(direct) != "list" and type(direct) != "tuple":
        if _is(direct, "depset"):
            fail("depset() takes a list; write transitive = [...] for another depset")
        fail("depset() takes a list of direct elements, not %s" % type__(direct))
    transitive = transitive or []
    for t in transitive:
        if not _is(t, "depset"):
            fail("depset(transitive = ...) takes depsets, not %s" % type__(t))
        if t._node[3] != order and t._node[3] != "default" and order != "default":
            fail("Order '%s' is incompatible with order '%s'" % (order, t._node[3]))
    transitive = [t for t in transitive if t._node[1] or t._node[2]]
    if not direct:
        if not transitive:
            return _EMPTY[order]
        if len(transitive) == 1 and transitive[0]._node[3] == order:
            return transitive[0]  # as Bazel: long chains of groups stay short
    return _depset(direct, order, transitive)

_SMALL = 8

def _depset(direct, order, transitive):
    if not transitive and len(direct) <= _SMALL and order == "default":
        return _depset_of([x.path for x in direct if _is(x, "File")], list(direct), order, [])

    # One text crosses to Python: every value that crosses costs as much as a hundred Starlark calls.  What str() writes
    # of lists, dicts, texts and whole numbers is JSON but for unusual characters, and takes a quarter of the time.
    told = [order, [t._node[0] for t in transitive], [x.path for x in direct if _is(x, "File")]]
    id = py_depset(str(told))
    if id < 0:
        id = py_depset(json.encode(told))
    return _depset_of(id, list(direct), order, [t._node for t in transitive])

def _depset_of(id, direct, order, below):
    depth = 1 + max([one[4] for one in below]) if below else 1
    if depth > _MAX_DEPSET_DEPTH:
        fail("depset depth %d exceeds limit (%d)" % (depth, _MAX_DEPSET_DEPTH))
    node = (id, direct, below, order, depth)
    return struct(_type = "depset", _node = node, to_list = lambda: _depset_list(node))

_EMPTY = {order: _depset([], order, []) for order in _ORDERS}

def _depset_list(root):
    order = root[3]
    if order == "topological":
        return _depset_topological(root)
    if not root[2]:
        return {x: True for x in root[1]}.keys()
    before = order == "preorder"
    out, seen, stack = {}, {}, [(root, False)]
    for _ in range(1000000000):  # Starlark has no `while`
        if not stack:
            break
        node, done = stack.pop()
        if done:
            for x in node[1]:
                out[x] = True
        elif type(node[0]) == "list":
            for x in node[1]:
                out[x] = True
        elif node[0] not in seen:
            seen[node[0]] = True
            if before or not node[2]:
                for x in node[1]:
                    out[x] = True
            else:
                stack.append((node, True))
            for child in reversed(node[2]):
                stack.append((child, False))
    return out.keys()

def _depset_topological(root):
    out, seen, stack = {}, {}, [(root, False)]
    for _ in range(1000000000):
        if not stack:
            break
        node, done = stack.pop()
        if done:
            for x in reversed(node[1]):
                out[x] = True
        elif type(node[0]) == "list":
            for x in reversed(node[1]):
                out[x] = True
        elif node[0] not in seen:
            seen[node[0]] = True
            stack.append((node, True))
            for child in node[2]:
                stack.append((child, False))
    return list(reversed(out.keys()))
