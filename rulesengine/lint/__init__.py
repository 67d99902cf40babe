"""Findings in BUILD, .bzl and MODULE.bazel files: what evaluates, or seems to, and is not meant.

Importing the package costs nothing; `linter.lint` is the way in, `warnings.WARNINGS` the table of what it finds.
"""
