"""Hands on what another file has, under its own name."""

load(":harness.bzl", _changed = "changed", _looked_at = "looked_at", _seen_info = "SeenInfo", _setting = "setting")

looked_at = _looked_at
changed = _changed
library = struct(
    SeenInfo = _seen_info,
    setting = _setting,
)
setting = _setting
