"""Reference of .bzl files: rules, providers, functions, macros and aspects, from their own documentation."""
