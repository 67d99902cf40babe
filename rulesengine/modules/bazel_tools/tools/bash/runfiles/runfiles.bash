# Finds files at run time: source it, then `rlocation REPOSITORY/PACKAGE/FILE` prints where the file is.
#
# It looks in the directory RUNFILES_DIR, or in the list RUNFILES_MANIFEST_FILE (lines of a path in the tree, a space,
# and the real path); whoever sources it has set one of them, or $0.runfiles is taken.

if [ ! -d "${RUNFILES_DIR:-/dev/null}" ] && [ ! -f "${RUNFILES_MANIFEST_FILE:-/dev/null}" ]; then
  if [ -f "$0.runfiles_manifest" ]; then
    export RUNFILES_MANIFEST_FILE="$0.runfiles_manifest"
  elif [ -f "$0.runfiles/MANIFEST" ]; then
    export RUNFILES_MANIFEST_FILE="$0.runfiles/MANIFEST"
  elif [ -d "$0.runfiles" ]; then
    export RUNFILES_DIR="$0.runfiles"
  fi
fi

# Prints the repository (its directory in the tree; nothing for the main one) of the file that calls, N frames up.
runfiles_current_repository() {
  local file=${BASH_SOURCE[${1:-1}]} root=${RUNFILES_DIR:-} below
  [ "${root#/}" != "$root" ] || root=$PWD/$root
  [ "${file#/}" != "$file" ] || file=$PWD/$file
  below=${file#"$root"/}
  if [ "$below" != "$file" ]; then
    below=${below%%/*}
    [ "$below" = _main ] || echo "$below"
  elif [[ "$file" == */external/*/* ]]; then
    below=${file##*/external/}
    echo "${below%%/*}"
  fi
}

# rlocation PATH [REPOSITORY]: PATH begins with a repository's name as REPOSITORY (by default the caller's) knows it.
rlocation() {
  local path=$1 from found name rest
  case $path in
    /*) echo "$path"; return 0 ;;
    ../* | */.. | ./* | */./* | */../* | */. | *//* | "") echo >&2 "ERROR: rlocation: '$path' is not a path of runfiles"; return 1 ;;
  esac
  if [ $# -gt 1 ]; then from=$2; else from=$(runfiles_current_repository 2); fi
  name=${path%%/*} rest=${path#"$name"}
  found=$(_runfiles_find _repo_mapping)
  if [ -n "$found" ] && [ -f "$found" ]; then
    local who apparent directory
    while IFS=, read -r who apparent directory; do
      if [ "$who" = "$from" ] && [ "$apparent" = "$name" ]; then
        path=$directory$rest
        break
      fi
    done < "$found"
  fi
  found=$(_runfiles_find "$path")
  [ -n "$found" ] || return 1
  echo "$found"
}

_runfiles_find() {
  local path=$1 line
  if [ -e "${RUNFILES_DIR:-/dev/null}/$path" ]; then
    echo "$RUNFILES_DIR/$path"
  elif [ -f "${RUNFILES_MANIFEST_FILE:-/dev/null}" ]; then
    local above=$path
    while :; do
      while IFS= read -r line; do
        if [ "${line%% *}" = "$above" ]; then
          echo "${line#* }${path#"$above"}"
          return 0
        fi
      done < "$RUNFILES_MANIFEST_FILE"
      [ "${above%/*}" != "$above" ] || return 0
      above=${above%/*}
    done
  fi
}

# Lets programs that this one starts find the same files.
runfiles_export_envvars() {
  if [ ! -d "${RUNFILES_DIR:-/dev/null}" ] && [ -f "${RUNFILES_MANIFEST_FILE:-/dev/null}" ]; then
    case $RUNFILES_MANIFEST_FILE in
      */MANIFEST) RUNFILES_DIR=${RUNFILES_MANIFEST_FILE%/MANIFEST} ;;
      *.runfiles_manifest) RUNFILES_DIR=${RUNFILES_MANIFEST_FILE%_manifest} ;;
    esac
  fi
  [ -d "${RUNFILES_DIR:-/dev/null}" ] || return 1
  export RUNFILES_DIR
  export JAVA_RUNFILES=$RUNFILES_DIR PYTHON_RUNFILES=$RUNFILES_DIR
}

export -f rlocation runfiles_export_envvars runfiles_current_repository _runfiles_find
