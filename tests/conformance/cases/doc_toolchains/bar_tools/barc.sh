#!/bin/bash
out=$1
shift
{ echo "compiled with: $*"; cat "${@: -1}"; } > "$out"
