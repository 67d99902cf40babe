#!/bin/bash
fail() { echo "$1"; exit 1; }
[ "$TEST_TARGET" = //pkg:environment_test ] || fail "TEST_TARGET $TEST_TARGET"
[ "$TEST_SIZE" = small ] || fail "TEST_SIZE $TEST_SIZE"
[ "$TEST_TIMEOUT" = 60 ] || fail "TEST_TIMEOUT $TEST_TIMEOUT"
[ "$TEST_WORKSPACE" = _main ] || fail "TEST_WORKSPACE $TEST_WORKSPACE"
[ "$TEST_BINARY" = pkg/environment_test ] || fail "TEST_BINARY $TEST_BINARY"
[ "$TZ" = UTC ] || fail "TZ $TZ"
[ "$BAZEL_TEST" = 1 ] || fail "BAZEL_TEST $BAZEL_TEST"
[ -n "$USER" ] || fail "USER"
[ "$FROM_FLAG" = flag ] || fail "FROM_FLAG $FROM_FLAG"
[ -z "$TEST_TOTAL_SHARDS$TEST_RUN_NUMBER" ] || fail "shards or runs"
case $TEST_SRCDIR in /*) ;; *) fail "TEST_SRCDIR $TEST_SRCDIR" ;; esac
case $TEST_TMPDIR in /*) ;; *) fail "TEST_TMPDIR $TEST_TMPDIR" ;; esac
case $XML_OUTPUT_FILE in /*test.xml) ;; *) fail "XML_OUTPUT_FILE $XML_OUTPUT_FILE" ;; esac
case $TEST_PREMATURE_EXIT_FILE in /*) ;; *) fail "TEST_PREMATURE_EXIT_FILE $TEST_PREMATURE_EXIT_FILE" ;; esac
[ "$RUNFILES_DIR" = "$TEST_SRCDIR" ] || fail "RUNFILES_DIR $RUNFILES_DIR"
[ "$PWD" = "$TEST_SRCDIR/_main" ] || fail "PWD $PWD"
[ "$0" = "$TEST_SRCDIR/_main/pkg/environment_test" ] || fail "0 $0"
[ "$*" = "pkg/data.txt pkg/data.txt" ] || fail "args $*"
[ "$WHERE $BOTH" = "pkg/data.txt rule" ] || fail "env $WHERE $BOTH"
touch "$TEST_TMPDIR/x" || fail "TEST_TMPDIR cannot be written"
[ ! -t 0 ] || fail "a terminal"
