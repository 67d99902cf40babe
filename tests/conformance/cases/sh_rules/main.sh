#!/bin/bash
echo "$0" | sed 's,.*/,,'
echo "args: $*"
cd "${BASH_SOURCE[0]}.runfiles/_main" 2>/dev/null && cat data.txt lib.sh
