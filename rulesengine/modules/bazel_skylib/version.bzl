"""Which version of bazel_skylib this answers to."""

version = "1.9.1"
