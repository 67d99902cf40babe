load("@bazel_skylib//lib:collections.bzl", "collections")
load("@bazel_skylib//lib:dicts.bzl", "dicts")
load("@bazel_skylib//lib:new_sets.bzl", new_sets = "sets")
load("@bazel_skylib//lib:partial.bzl", "partial")
load("@bazel_skylib//lib:paths.bzl", "paths")
load("@bazel_skylib//lib:sets.bzl", "sets")
load("@bazel_skylib//lib:shell.bzl", "shell")
load("@bazel_skylib//lib:structs.bzl", "structs")
load("@bazel_skylib//lib:types.bzl", "types")
load("@bazel_skylib//lib:versions.bzl", "versions")

_PATHS = ["", ".", "..", "/", "//", "///", "a", "a/", "a//b", "/a/b", "/a/./b/../c", "a/../..", "../a", "./a", "a/b.c.d", ".hidden", "a.b/c", "/..", "//a", "a/.x", "a.tar.gz"]

def _paths():
    out = []
    for p in _PATHS:
        out.append([p, paths.basename(p), paths.dirname(p), paths.is_absolute(p), paths.normalize(p), paths.split_extension(p)])
    for a, b in [("a", "b"), ("a/", "b"), ("a", "/b"), ("", "b"), ("a", "")]:
        out.append(paths.join(a, b))
    out.append(paths.join("a", "b", "c", "/d", "e"))
    out.append(paths.join("x"))
    out.append(paths.replace_extension("foo.bar", ".baz"))
    out.append(paths.replace_extension("foo", ".baz"))
    out.append(paths.replace_extension("a.b/foo", ""))
    for a, b in [("a/b/c", "a"), ("a/b/c", "a/b"), ("a", "a"), ("/a/b", "/a"), ("a/b", ""), ("a/b", ".")]:
        out.append(paths.relativize(a, b))
    out.append([paths.is_normalized(p) for p in ["a/b", "a/../b", "./a", "..", "../a", "a/."]])
    out.append([paths.starts_with(a, b) for a, b in [("a/b", "a"), ("a/b", "b"), ("ab", "a"), ("a", "a"), ("/a", "a"), ("a/../b", "b")]])
    return out

def _sets():
    a, b = new_sets.make([1, 2, 3, 2]), new_sets.make([3, 4])
    c = new_sets.copy(a)
    new_sets.insert(c, 9)
    new_sets.remove(c, 1)
    return [
        new_sets.to_list(a),
        new_sets.contains(a, 2),
        new_sets.length(a),
        new_sets.is_equal(a, new_sets.make([3, 2, 1])),
        new_sets.is_subset(new_sets.make([1]), a),
        new_sets.disjoint(a, b),
        new_sets.to_list(new_sets.intersection(a, b)),
        new_sets.to_list(new_sets.union(a, b)),
        new_sets.to_list(new_sets.union()),
        new_sets.to_list(new_sets.difference(a, b)),
        new_sets.to_list(c),
        new_sets.str(a),
        new_sets.repr(b),
        sets.to_list(sets.make(["x"])),
        types.is_set(a),
        types.is_set(["a"]),
    ]

def _add(a, b, c = 0, **kwargs):
    return [a, b, c, kwargs]

def _partial():
    p = partial.make(_add, 1, c = 3)
    return [partial.call(p, 2), partial.call(p, 2, c = 4, z = 1), partial.is_instance(p), partial.is_instance("x")]

def lines():
    return [str(x) for x in _paths() + _sets() + _partial() + [
        dicts.add({"a": 1, "b": 2}, {"b": 3}, c = 4),
        dicts.add(),
        dicts.omit({"a": 1, "b": 2}, ["a"]),
        dicts.pick({"a": 1, "b": 2}, ["a"]),
        collections.after_each("x", [1, 2]),
        collections.before_each("x", [1, 2]),
        collections.uniq([3, 1, 3, 2, 1]),
        structs.to_dict(struct(a = 1, b = [2])),
        [types.is_list([]), types.is_string(""), types.is_bool(True), types.is_none(None), types.is_int(1), types.is_tuple(()), types.is_dict({}), types.is_function(_add), types.is_depset(depset())],
        [types.is_list(()), types.is_string(1), types.is_bool(1), types.is_none(0), types.is_int(True), types.is_tuple([]), types.is_dict([]), types.is_function("len"), types.is_depset([])],
        [shell.quote(x) for x in ["", "a", "a b", "it's", "$x", "\"", "a\\b", "-x=y", "ö"]],
        shell.array_literal(["a b", "c"]),
        shell.array_literal([1, 2]),
        [versions.parse("1.2.3"), versions.parse("0.4.0rc1-abcd"), versions.is_at_least("1.0.0", "1.0.1"), versions.is_at_most("1.0.0", "1.0.1"), versions.is_at_least("0.10.0", "0.9.0")],
    ]]
