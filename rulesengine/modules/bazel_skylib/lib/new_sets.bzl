"""The name under which sets were known for a while."""

load(":sets.bzl", _sets = "sets")

sets = _sets
