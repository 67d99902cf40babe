#!/bin/sh
export WRAPPED="$1"
shift
exec "$@"
