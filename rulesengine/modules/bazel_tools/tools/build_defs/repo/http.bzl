"""Repository rules that download.  Files that load them for their WORKSPACE macros load well; a call fails."""

load(":unavailable.bzl", "unavailable")

http_archive = unavailable("http_archive")
http_file = unavailable("http_file")
http_jar = unavailable("http_jar")
