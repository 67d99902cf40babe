#!/bin/bash
[ "$TESTBRIDGE_TEST_ONLY" = chosen ] && [ "$1 $2" = "own extra" ] && [ "$GIVEN" = here ]
