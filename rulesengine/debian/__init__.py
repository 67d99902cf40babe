"""Debian formats: deb822, versions, .deb, Release and Packages, resolution, lock files. Pure."""
