#!/bin/sh
echo "$WRAPPED: $*"
[ "$WRAPPED" = yes ] && [ -f t.sh ]
