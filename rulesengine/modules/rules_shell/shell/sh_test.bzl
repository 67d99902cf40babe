"""`sh_test`, as native.sh_test."""

sh_test = native.sh_test
