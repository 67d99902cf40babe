#!/bin/sh
echo "$WRAPPED: $*"
