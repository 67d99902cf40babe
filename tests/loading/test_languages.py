"""Rules of Bazel that are for one language: their targets are there, and are not built."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest

from rulesengine.analysis import Analyzer
from rulesengine.errors import AnalysisError, NoSuchPackageError
from rulesengine.loading import Loader
from rulesengine.loading.languages import NAMES, rule_of
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration, Platform

CONFIGURATION = Configuration(Platform("linux", "amd64"))


def _loader(root: Path, **files: str) -> Loader:
    (root / "MODULE.bazel").touch()
    for name, text in files.items():
        (root / name).write_text(text)
    return Loader(str(root))


def test_the_names_are_those_of_the_table() -> None:
    text = resources.files("rulesengine.loading").joinpath("languages.json").read_text()
    table = json.loads(text)
    assert sorted(NAMES) == sorted(name for name, said in table.items() if not said.get("part"))
    for name in table:
        rule = rule_of(name)
        assert rule.test == name.endswith("_test")
        assert all(schema.kind and not key.startswith("_") for key, schema in rule.schema.items())


@pytest.mark.parametrize("name", NAMES)
def test_each_rule_makes_a_target(name: str, tmp_path: Path) -> None:
    values = {
        "label": '":x"', "label_list": '[":x"]', "string": '"x"', "string_list": '["x"]', "int": "1", "bool": "True",
        "string_keyed_label_dict": '{"a": ":x"}', "label_keyed_string_dict": '{":x": "a"}',
    }  # fmt: skip
    given = [
        f"    {key} = {values[schema.kind]},\n" for key, schema in rule_of(name).schema.items() if schema.mandatory
    ]
    loader = _loader(tmp_path, BUILD=f'filegroup(name = "x")\n\n{name}(\n    name = "a",\n{"".join(given)})\n')
    target = loader.target(Label("", "", "a"))
    assert target.rule_name.lstrip("_") == name


def test_a_build_that_needs_one_says_where_it_is_and_what_to_do(tmp_path: Path) -> None:
    build = 'filegroup(\n    name = "f",\n    srcs = [":lib"],\n)\n\ncc_library(name = "lib")\n\n'
    build += 'filegroup(name = "other")\n'
    analyzer = Analyzer(_loader(tmp_path, BUILD=build))
    assert analyzer.analyze([Label("", "", "other")], CONFIGURATION).errors == []
    with pytest.raises(AnalysisError, match="its rule cc_library is Bazel's own, for C\\+\\+") as caught:
        analyzer.analyze([Label("", "", "f")], CONFIGURATION)
    assert caught.value.location is not None and caught.value.location.line == 6
    assert caught.value.hint is not None and "genrule" in caught.value.hint and "-//:lib" in caught.value.hint
    assert any("//:f" in note for note in caught.value.notes)


@pytest.mark.parametrize(
    ("repo", "words"),
    [
        ("rules_cc", "take the load() away"),
        ("rules_go", "local_path_override"),
        ("rules_oci", "@rulesengine//oci"),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_a_well_known_repository_that_is_not_here(repo: str, words: str, named: bool, tmp_path: Path) -> None:
    loader = _loader(tmp_path, BUILD=f'load("@{repo}//a:b.bzl", "c")\n')
    if named:
        (tmp_path / "MODULE.bazel").write_text(f'bazel_dep(name = "{repo}", version = "1.0")\n')
        loader = Loader(str(tmp_path))
    with pytest.raises(NoSuchPackageError, match=f"@{repo} \\(") as caught:
        loader.package("", "")
    assert caught.value.hint is not None and words in caught.value.hint
    assert caught.value.location is not None and caught.value.location.line == 1
