"""`sh_library`, as native.sh_library."""

sh_library = native.sh_library
