"""rc files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulesengine.cli.flags import flags_of
from rulesengine.cli.parsing import Options, defaults, split
from rulesengine.cli.rc import RcFiles, find
from rulesengine.errors import UsageError
from tests.cli.conftest import Space


def load(path: Path, text: str) -> RcFiles:
    path.write_text(text)
    files = RcFiles()
    files.load(str(path), str(path.parent), optional=False)
    return files


def options(files: RcFiles, command: str = "build", *configs: str) -> Options:
    out = defaults(flags_of(command).values())
    files.apply(command, out)
    for name in configs:
        files.config(command, out, name)
    return out


def test_commands_common_and_configs(tmp_path: Path) -> None:
    files = load(
        tmp_path / "rc",
        """# a comment
common --color=no   # another
build --jobs=3 \\
      --keep_going
build:ci --config=quiet --show_output=json
build:quiet --noshow_progress
query --output=json
""",
    )
    plain = options(files)
    assert (plain["color"], plain["jobs"], plain["keep_going"], plain["show_output"]) == ("no", "3", True, "none")
    ci = options(files, "build", "ci")
    assert (ci["show_output"], ci["show_progress"]) == ("json", False)
    query = options(files, "query")
    assert (query["output"], query["color"]) == ("json", "no")


def test_shared_lines_pass_over_flags_that_a_command_lacks(tmp_path: Path) -> None:
    files = load(tmp_path / "rc", "common --jobs=2 --disk_cache=/d\n")
    assert options(files, "info")["disk_cache"] == "/d"
    assert "jobs" not in options(files, "info").values


def test_imports(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more").write_text("build -k\n")
    files = load(tmp_path / "rc", "import %workspace%/sub/more\ntry-import %workspace%/missing\n")
    assert options(files)["keep_going"] is True
    assert files.looked_at[str(tmp_path / "missing")] is False


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bulid -k\n", "rc:1: unknown command 'bulid' in an rc file\n  hint: did you mean 'build'"),
        ("\nbuild --jbos=3\n", "/rc:2)\n  hint: did you mean '--jobs'?"),
        ("common --nosuch\n", "unknown flag --nosuch"),
        ("build //a\n", "rc files hold flags only"),
        ("build 'x\n", "rc:1: cannot read this line: No closing quotation"),
        ("import /no/such/file\n", "rc:1: no rc file /no/such/file"),
        ("import %workspace%/rc\n", "import each other in a circle"),
        ("build:a --config=a\nbuild --config=a\n", "--config=a is defined by itself"),
        ("build --config=nix\nbuild:mix -k\n", "no rc file defines --config=nix\n  hint: did you mean 'mix'?"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        options(load(tmp_path / "rc", text))
    assert says in str(caught.value)


def test_order_and_switches(tmp_path: Path) -> None:
    home, root = tmp_path / "home", tmp_path / "root"
    for directory, count in ((home, "5"), (root, "4")):
        directory.mkdir()
        (directory / ".pybuildrc").write_text(f"build --jobs={count}\n")
    (tmp_path / "extra").write_text("build --jobs=6\n")

    def jobs(*words: str) -> object:
        files = find(split([*words, "build"]).startup, str(root), {"HOME": str(home)})
        return options(files)["jobs"]

    assert jobs() == "5"
    assert jobs("--nohome_rc") == "4"
    assert jobs("--nohome_rc", "--noworkspace_rc") == "auto"
    assert jobs("--ignore_all_rc_files") == "auto"
    assert jobs(f"--pybuildrc={tmp_path / 'extra'}") == "6"
    assert jobs("--pybuildrc=/dev/null", f"--pybuildrc={tmp_path / 'extra'}") == "5"
    with pytest.raises(UsageError, match="no rc file"):
        jobs(f"--pybuildrc={tmp_path / 'missing'}")


def test_the_command_line_wins_and_configs_stand_where_they_are_written(space: Space) -> None:
    space.write(".pybuildrc", "build --show_output=files\nbuild:j --show_output=json\nstartup --nohome_rc\n")
    (space.home / ".pybuildrc").write_text("build --nonsense\n")
    assert space.run("--nohome_rc", "//a:g").stdout == "pybuild-bin/a/out\n"
    assert space.run("--nohome_rc", "build", "--config=j", "//a:g").stdout.startswith("{")
    last = space.run("--nohome_rc", "build", "--config=j", "--show_output=digests", "//a:g")
    assert last.stdout.startswith("//a:g sha256:")
    first = space.run("--nohome_rc", "build", "--show_output=digests", "--config=j", "//a:g")
    assert first.stdout.startswith("{")


def test_announce(space: Space) -> None:
    space.write(".pybuildrc", "build --jobs=2\n")
    done = space.run("build", "--announce_rc", "//a:g")
    assert f"INFO: {space.root}/.pybuildrc:1: build --jobs=2" in done.stderr


def test_commands_inherit_as_bazels_do(tmp_path: Path) -> None:
    files = load(
        tmp_path / "rc",
        "test --jobs=5\nbuild --jobs=3 --keep_going\nbuild --test_output=errors\ntest:ci --test_output=all\n"
        "build:ci --offline\n",
    )
    tested = options(files, "test", "ci")
    assert (tested["jobs"], tested["keep_going"], tested["test_output"], tested["offline"]) == ("5", True, "all", True)
    assert options(files, "run")["jobs"] == "3"
    assert options(files, "cquery")["keep_going"] is True
    assert options(files, "aquery")["keep_going"] is True
    assert options(files, "query")["keep_going"] is False
    assert options(files, "build")["jobs"] == "3"


def test_configs_that_go_round_in_a_circle(tmp_path: Path) -> None:
    files = load(tmp_path / "rc", "build:a --config=b\nbuild:b --config=c\nbuild:c --config=a\n")
    with pytest.raises(UsageError, match="--config=a is defined by itself"):
        options(files, "build", "a")


def test_configs_of_the_operating_system(space: Space) -> None:
    space.write(".pybuildrc", "common --enable_platform_specific_config\ncommon:linux --show_output=files\n")
    assert space.run("//a:g").stdout == "pybuild-bin/a/out\n"
    assert space.run("//a:g", "--show_output=none").stdout == ""
    space.write(".pybuildrc", "build:linux --show_output=files\nbuild:macos --nosuch\n")
    assert space.run("//a:g").stdout == ""
    assert space.run("--enable_platform_specific_config", "//a:g").stdout == "pybuild-bin/a/out\n"
    space.write(".pybuildrc", "")
    assert space.run("--enable_platform_specific_config", "//a:g").returncode == 0
