"""`pybuild build TARGET…`."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING

from rulesengine import __version__
from rulesengine.cli.context import Context
from rulesengine.cli.progress import size
from rulesengine.cli.records.recording import wanted
from rulesengine.cli.spawning import jobs, spawning
from rulesengine.errors import RulesEngineError, UsageError
from rulesengine.model.ports import Listener
from rulesengine.workspace import Workspace, noop
from rulesengine.workspace.places import PREFIX
from rulesengine.workspace.signatures import Signature, signature
from rulesengine.workspace.spawning import strategy

if TYPE_CHECKING:
    from rulesengine.workspace.how import HowToBuild
    from rulesengine.workspace.rebuild import Rebuilt
    from rulesengine.workspace.result import BuildResult, Image, Output, TargetResult

_TIME = "\0"
"""Stands in a summary for the time taken, which the no-op path fills in with its own."""


def run(context: Context) -> int:
    """Build; exit with 0, 1 when something failed, or the code of what kept it from being built."""
    options = context.options
    if not context.arguments:
        raise UsageError("no target is named", hint="for instance pybuild //... for everything in the workspace")
    workspace = context.workspace()
    rebuilt: Rebuilt | None = None
    with context.watching() as listener:
        if context.stale is not None and _may_rebuild(context):
            rebuilt = workspace.rebuild(
                context.stale,
                details=None if options["show_output"] != "none" else options["show_result"],
                jobs=jobs(options["jobs"]),
                sandbox=strategy(options["spawn_strategy"]),
                spawning=spawning(options.values),
                keep_sandboxes=options["sandbox_debug"],
                verbose_failures=options["verbose_failures"],
                listener=listener,
                cancel=context.cancel,
            )
        if rebuilt is None:
            result = workspace.build(
                *context.arguments,
                execute=options["build"],
                **common(context, workspace, listener),
            )
    if rebuilt is not None:
        if rebuilt.targets > options["show_result"] and options["show_output"] == "none":
            return _counted(context, rebuilt)
        result = rebuilt.result()
    context.recording.built(result)
    shown = summary(context, result)
    printed = results(context, result)
    context.console.stderr.write(shown.replace(_TIME, f"{result.elapsed:.1f} s"))
    context.console.stderr.flush()
    context.console.stdout.write(printed)
    for fault in result.errors:
        context.console.error(fault)
    if not result.ok:
        from rulesengine.cli.exit_codes import of_failures

        return of_failures(result.errors)
    if rebuilt is not None:
        rebuilt.remember(*_again(context, result))
    else:
        _remember(context, workspace, result)
    return 0


_WHOLE = ("keep_going", "announce_rc", "check_up_to_date")
"""Flags with which a build always loads and analyses: they tell what only then is known."""


def _may_rebuild(context: Context) -> bool:
    """Whether what changed may be built without loading (workspace/rebuild.py)."""
    values = context.options.values
    return bool(values["build"]) and not any(values.get(name) for name in _WHOLE) and not wanted(context.options)


def _counted(context: Context, rebuilt: Rebuilt) -> int:
    """Show what a rebuild of more targets than are listed did: nothing of it is by target."""
    total = rebuilt.actions_run + rebuilt.actions_cached
    lines = [
        f"{rebuilt.targets} target{_s(rebuilt.targets)} · {_counts(total, run, total - run)} · {_TIME}\n"
        for run in (rebuilt.actions_run, 0)
    ]
    context.console.stderr.write(lines[0].replace(_TIME, f"{rebuilt.elapsed:.1f} s"))
    context.console.stderr.flush()
    rebuilt.remember(lines[1], "")
    return 0


def _again(context: Context, result: BuildResult) -> tuple[str, str]:
    """What the same build shows and prints when there is nothing to do."""
    from rulesengine.values import evolve

    then = evolve(result, actions_run=0, actions_cached=result.actions_run + result.actions_cached)
    return summary(context, then), results(context, then)


def words(texts: list[str]) -> tuple[str, ...]:
    """Words between commas; the last list given counts, as in Bazel."""
    return tuple(word for word in texts[-1].split(",") if word) if texts else ()


def common(context: Context, workspace: Workspace, listener: Listener) -> HowToBuild:
    """What the flags of every command that builds say."""
    options = context.options
    return {
        "platform": options["platforms"],
        "jobs": jobs(options["jobs"]),
        "settings": options["setting"],
        "defines": options["define"],
        "compilation_mode": options["compilation_mode"],
        "host_compilation_mode": options["host_compilation_mode"],
        "host_platform": options["host_platform"],
        "links": options["experimental_convenience_symlinks"],
        "symlink_prefix": options["symlink_prefix"],
        "action_env": options["action_env"],
        "host_action_env": options["host_action_env"],
        "features": options["features"],
        "extra_toolchains": options["extra_toolchains"],
        "extra_execution_platforms": options["extra_execution_platforms"],
        "toolchain_resolution_debug": options["toolchain_resolution_debug"] or "",
        "tag_filters": words(options["build_tag_filters"]),
        "output_groups": options["output_groups"],
        "run_validations": options["run_validations"],
        "stamp": options["stamp"],
        "embed_label": options["embed_label"],
        "workspace_status_command": options["workspace_status_command"],
        "keep_going": options["keep_going"],
        "sandbox": strategy(options["spawn_strategy"]),
        "spawning": spawning(options.values),
        "keep_sandboxes": options["sandbox_debug"],
        "verbose_failures": options["verbose_failures"],
        "aspects": options["aspects"],
        "aspects_parameters": options["aspects_parameters"],
        "package": context.package(workspace.root),
        "details": context.recording.details,
        "only_check": options.values.get("check_up_to_date", False),
        "listener": listener,
        "cancel": context.cancel,
    }


# ---- what is shown -------------------------------------------------------------


def summary(context: Context, result: BuildResult) -> str:
    """The lines that end a build, for standard error; `\\0` where the time stands."""
    targets = [one for one in result.targets if not one.failed and not one.skipped]
    failed = [one for one in result.targets if one.failed]
    counts = _counts(result.actions, result.actions_run, result.actions_cached, result.actions_failed) + f" · {_TIME}"
    style = context.console.style
    if not context.options.values.get("build", True):
        return f"{len(targets)} target{_s(len(targets))} analysed · {_TIME}\n"
    lines: list[str] = []
    listed = len(result.targets) <= context.options["show_result"]
    if len(targets) == len(result.targets) == 1 and not failed and listed:
        lines.append(" ".join(part for part in (targets[0].label, _described(targets[0])) if part) + f" · {counts}")
        lines += _places(context, targets[0])
        return "\n".join(lines) + "\n"
    if listed:
        for one in targets:
            lines.append(" ".join(part for part in (one.label, _described(one)) if part))
            lines += _places(context, one)
    for one in failed:
        lines.append(f"{one.label} {style('failed', 'red')}")
    left_out = [one for one in result.targets if one.skipped]
    if listed:
        lines += [f"{one.label} skipped: {one.skipped}" for one in left_out]
    head = f"{len(targets)} target{_s(len(targets))}"
    if left_out:
        head += f", {len(left_out)} skipped"
    if failed or result.errors:
        head += f" built, {max(len(failed), 1)} failed"
    lines.append(f"{head} · {counts}")
    return "\n".join(lines) + "\n"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _counts(actions: int, run: int, cached: int, failed: int = 0) -> str:
    text = f"{actions} action{_s(actions)}: {run} run, {cached} cached"
    if failed:
        text += f", {failed} failed"
    return text


def _described(target: TargetResult) -> str:
    if len(target.outputs) != 1:
        return f"{len(target.outputs)} outputs" if target.outputs else "no outputs"
    output = target.outputs[0]
    if output.image is not None:
        return f"{output.image.digest} {_platforms(output.image)}"
    return f"{output.digest} {size(output.size)}"


def _platforms(image: Image) -> str:
    sizes = sorted(one.size for one in image.platforms)
    if not sizes:
        return "no platforms"
    if len(sizes) == 1:
        return f"{image.platforms[0].platform}, {size(sizes[0])}"
    low, high = size(sizes[0]), size(sizes[-1])
    if low != high and low.split()[1] == high.split()[1]:
        low = low.split()[0]
    return f"{len(sizes)} platforms, {high if low == high else f'{low}-{high}'} each"


def _places(context: Context, target: TargetResult, most: int = 10) -> list[str]:
    lines = ["  " + context.shown(one.path) for one in target.outputs[:most]]
    if len(target.outputs) > most:
        lines.append(f"  … {len(target.outputs) - most} more")
    return lines


# ---- results on standard output ---------------------------------------------------


def results(context: Context, result: BuildResult) -> str:
    """What `--show_output` asks for."""
    form = context.options["show_output"]
    if form == "json":
        return json.dumps(as_json(result), indent=2) + "\n"
    if form == "digests":
        return "".join(
            f"{target.label} {output.image.digest if output.image else output.digest}"
            f"{' ' + output.name if len(target.outputs) > 1 else ''}\n"
            for target in result.targets
            for output in target.outputs
        )
    if form == "files":
        return "".join(f"{context.shown(one.path)}\n" for target in result.targets for one in target.outputs)
    return ""


def as_json(result: BuildResult) -> dict[str, object]:
    """The document of `build --show_output=json`."""
    return {
        "targets": [target_json(one) for one in result.targets],
        "actions": {"run": result.actions_run, "cached": result.actions_cached, "failed": result.actions_failed},
        "errors": [one.to_dict() for one in result.errors],
        "ok": result.ok,
    }


def target_json(target: TargetResult) -> dict[str, object]:
    """One target of it."""
    return {
        "label": target.label,
        "configuration": target.configuration,
        "failed": target.failed,
        **({"skipped": target.skipped} if target.skipped else {}),
        "outputs": [_output_json(one) for one in target.outputs],
    }


def _output_json(output: Output) -> dict[str, object]:
    value: dict[str, object] = {
        "name": output.name,
        "path": output.path,
        "type": "directory" if output.directory else "file",
        "digest": str(output.digest),
        "size": output.size,
    }
    if output.image is not None:
        value["image"] = {
            "digest": str(output.image.digest),
            "mediaType": output.image.media_type,
            "platforms": [
                {"platform": one.platform, "digest": str(one.digest), "size": one.size}
                for one in output.image.platforms
            ],
        }
    return value


# ---- the no-op index ----------------------------------------------------------------


def _remember(context: Context, workspace: Workspace, result: BuildResult) -> None:
    """Write down what this build looked at, so that the same command may answer at once (workspace/noop.py)."""
    from rulesengine.cli.entry import noop_directory

    looked = result.looked_at
    if looked is None or not context.options["build"] or context.options["announce_rc"] or wanted(context.options):
        return
    from rulesengine.workspace import capturing, rebuild

    again, printed = _again(context, result)
    read = {rebuild.__file__, *looked.read, *_engine_files()}
    read |= {path for path, there in context.rc_paths.items() if there}
    absent = set(looked.absent) | {path for path, there in context.rc_paths.items() if not there}
    here = context.directory
    while here != workspace.root and here.startswith(workspace.root):
        absent.add(os.path.join(here, "MODULE.bazel"))
        here = os.path.dirname(here)
    try:
        text = noop.key(__version__, context.words)
        beside = noop.index_path(noop_directory(), text) + noop.PLAN

        def plan() -> noop.Plan:
            digest = None if looked.replay is None else capturing.save(beside, looked.replay)
            return noop.NO_PLAN if digest is None else (digest, {})

        noop.save(
            noop_directory(),
            text,
            started_ns=looked.started_ns,
            read=read,
            absent=absent,
            made=looked.made,
            links=looked.links,
            shown=again,
            printed=printed,
            settled=partial(_settled, dict(looked.steady)),
            plan=plan,
        )
    except (OSError, ValueError, RulesEngineError):  # only the next build is slower
        return


def _settled(steady: dict[str, bytes], path: str) -> Signature | None:
    """The signature of a directory into which the build put its links, if nothing else in it changed."""
    import time

    from rulesengine.workspace import replay

    path = path.rstrip("/")
    if path not in steady:
        return None
    found = signature(path)
    if found is None:
        return None
    time.sleep(noop.fresh(found, time.time_ns()) / 1e9)
    same = replay.listing(path, PREFIX) == steady[path] and signature(path) == found
    return found if same else None


def _engine_files() -> set[str]:
    """The source files of the engine that were imported: an upgrade in place is a change too."""
    import sys

    out = set()
    for name, module in tuple(sys.modules.items()):
        if name == "rulesengine" or name.startswith("rulesengine."):
            path = getattr(module, "__file__", None)
            if path:
                out.add(path)
    return out
