#!/bin/bash
echo "$MODE: $*" | sed 's,[^ ]*/bin/,BIN/,g' > $1
