# Runs a test: makes the paths of its environment absolute, goes to its runfiles, keeps its log.
# Arguments: the log; the test's path in its runfiles tree; how many words of --run_under follow, and these (a file
# that was built begins with @root@/); the test's own arguments.
root=$PWD
for name in TEST_SRCDIR RUNFILES_DIR JAVA_RUNFILES PYTHON_RUNFILES TEST_TMPDIR GTEST_TMP_DIR HOME \
    TEST_UNDECLARED_OUTPUTS_DIR XML_OUTPUT_FILE TEST_XML_OUTPUT_FILE TEST_PREMATURE_EXIT_FILE \
    TEST_SHARD_STATUS_FILE TEST_WARNINGS_OUTPUT_FILE TEST_INFRASTRUCTURE_FAILURE_FILE; do
  [ -n "${!name}" ] && export "$name=$root/${!name}"
done
log=$root/$1 program=$TEST_SRCDIR/$2
under=("${@:4:$3}")
[ "$3" -gt 0 ] && under[0]=${under[0]/#@root@/$root}
shift $(($3 + 3))
mkdir -p "$TEST_TMPDIR" "$TEST_UNDECLARED_OUTPUTS_DIR"
: > "$log"
: > "$XML_OUTPUT_FILE"
exec >> "$log" 2>&1
cd "$TEST_SRCDIR/$TEST_WORKSPACE" || exit 1
unset name root OLDPWD
"${under[@]}" "$program" "$@" < /dev/null
code=$?
if [ "$code" = 0 ] && [ -e "$TEST_PREMATURE_EXIT_FILE" ]; then
  echo "-- Test exited prematurely (TEST_PREMATURE_EXIT_FILE exists) --"
  code=1
fi
if [ -n "$TEST_TOTAL_SHARDS" ] && [ "$TEST_TOTAL_SHARDS" -gt 1 ] && [ ! -e "$TEST_SHARD_STATUS_FILE" ]; then
  echo "Sharding requested, but the test runner did not advertise support for it by touching TEST_SHARD_STATUS_FILE." \
    "Either remove the 'shard_count' attribute or use a test runner that supports sharding."
  [ "$code" = 0 ] && code=1
fi
[ -e "$log" ] || : > "$log"
[ -e "$XML_OUTPUT_FILE" ] || : > "$XML_OUTPUT_FILE"
exit "$code"
