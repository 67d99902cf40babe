_SHOWS = """#!/bin/bash
tree=$0.runfiles
cmp "$tree/MANIFEST" "$0.runfiles_manifest" && echo the same within and beside
grep -v '^_main/external/' "$tree/MANIFEST" | while read -r path file; do
  case $file in
    /*) ;;
    *) echo not absolute ;;
  esac
  if [ -d "$file" ]; then
    what=$(cd "$file" && find -L . -type f | LC_ALL=C sort | tr '\\n' ' ')
  elif [ "${path##*/}" = prog ]; then
    what=itself
  else
    what=$(tr -d '~' < "$file" | tr '\\n' '|')
  fi
  echo "$path: $what"
done | tr -d '~'
cmp "$tree/_repo_mapping" "$0.repo_mapping" && echo the same mapping
env | grep '^RUNFILES_' || echo nothing in the environment
"""

_ASKS = """#!/bin/bash
[ "$RUNFILES_DIR" = "$TEST_SRCDIR" ] && [ "$RUN_UNDER_RUNFILES" = 1 ] || exit 1
[ -z "$RUNFILES_MANIFEST_FILE$RUNFILES_MANIFEST_ONLY" ] || exit 2
[ "$(cat "$RUNFILES_DIR/_main/a.txt")" = a ] || exit 3
[ "$(cat "$RUNFILES_DIR/_repo_mapping")" = ,mine,_main ] || exit 4
"""

def _tree_impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(
        outputs = [out],
        arguments = [out.path],
        command = "mkdir -p $1/deep && echo one > $1/one && echo two > $1/deep/two",
    )
    return [DefaultInfo(files = depset([out]))]

tree = rule(implementation = _tree_impl)

def _program(ctx, text):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, text, is_executable = True)
    return [DefaultInfo(
        executable = out,
        runfiles = ctx.runfiles(
            ctx.files.data,
            root_symlinks = {"root": ctx.files.data[0]},
            symlinks = {"link/a": ctx.files.data[0]},
        ),
    )]

prog = rule(
    implementation = lambda ctx: _program(ctx, _SHOWS),
    attrs = {"data": attr.label_list(allow_files = True)},
    executable = True,
)

prog_test = rule(
    implementation = lambda ctx: _program(ctx, _ASKS),
    attrs = {"data": attr.label_list(allow_files = True)},
    test = True,
)
