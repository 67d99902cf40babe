"""`sh_binary`, as native.sh_binary."""

sh_binary = native.sh_binary
