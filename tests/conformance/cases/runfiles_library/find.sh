#!/bin/bash
set -uo pipefail
f=bazel_tools/tools/bash/runfiles/runfiles.bash
for place in "${RUNFILES_DIR:-/dev/null}/$f" "$0.runfiles/$f" "$(grep -sm1 "^$f " "${RUNFILES_MANIFEST_FILE:-/dev/null}" | cut -f2- -d' ')"; do
  if [ -f "$place" ]; then
    source "$place"
    break
  fi
done
cat "$(rlocation _main/pkg/data.txt)" "$(rlocation case/pkg/data.txt)" || exit 1
[ -z "$(rlocation case/pkg/none.txt)" ] && echo "none is not there"
echo "repository: $(runfiles_current_repository)"
runfiles_export_envvars && [ -d "$RUNFILES_DIR" ] && echo exported "$@"
