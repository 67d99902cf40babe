#!/bin/bash
echo "in ${PWD##*/bin/}"
printf '<%s>' "$@"
echo
echo "colour $COLOUR, where $WHERE, under $UNDER, workspace ${BUILD_WORKSPACE_DIRECTORY:+set} ${BUILD_WORKING_DIRECTORY:+set}"
cat pkg/data.txt
