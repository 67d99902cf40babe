#!/bin/bash
[ -n "$TEST_TMPDIR" ] && [ -d "$TEST_TMPDIR" ] && [ -n "$TEST_SRCDIR" ] && [ "$1" = one ] && [ "$COLOUR" = red ] && [ "$(cat data.txt)" = data ]
