"""Debian packages: `deb_archive` (packages of a signed archive, pinned by a lock file) and `deb_file`."""

load(":archive.bzl", _deb_archive_macro = "deb_archive")
load(":package.bzl", _DebInfo = "DebInfo", _LayersInfo = "LayersInfo", _deb_file = "deb_file")

DebInfo = _DebInfo
LayersInfo = _LayersInfo

deb_archive = _deb_archive_macro
deb_file = _deb_file
