"""The OCI image-spec's own JSON schemas, read from the Go module that publishes them.

`go` (any version from 1.16 on; Debian package golang-go) downloads and checks the module; nothing of
it is copied into this repository.  In a test directory's conftest.py:

    from tests.oracles.oci_schemas import oci_schemas

makes the fixture `oci_schemas`, whose `validate(document, media_type)` raises on a document that
breaks its schema.  Without `go` the tests that use it are skipped, in CI they fail (see tools.py).
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from tests.oracles.tools import missing, tool

MODULE = "github.com/opencontainers/image-spec@v1.1.1"
SCHEMAS = {
    "application/vnd.oci.descriptor.v1+json": "content-descriptor.json",
    "application/vnd.oci.layout.header.v1+json": "image-layout-schema.json",
    "application/vnd.oci.image.index.v1+json": "image-index-schema.json",
    "application/vnd.oci.image.manifest.v1+json": "image-manifest-schema.json",
    "application/vnd.oci.image.config.v1+json": "config-schema.json",
}


def schema_directory() -> Path:
    """Where the module's `schema/` is; `OCI_IMAGE_SPEC` names a checkout of the specification instead."""
    given = os.environ.get("OCI_IMAGE_SPEC")
    if given:
        return Path(given) / "schema"
    go = tool("go", "golang-go")
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GO111MODULE": "on"}
    done = subprocess.run(
        [go, "mod", "download", "-json", MODULE],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    answer = json.loads(done.stdout or "{}")
    if done.returncode or "Dir" not in answer:
        missing(f"go mod download {MODULE}: {answer.get('Error') or done.stderr}")
    return Path(answer["Dir"]) / "schema"


class OciSchemas:
    """Validators by media type."""

    def __init__(self, directory: Path) -> None:
        # The files name themselves by one URI ("id") and each other by file name, so each is known by
        # every name under which another may refer to it.
        documents = {path.name: json.loads(path.read_text()) for path in directory.glob("*.json")}
        registry: Registry[Any] = Registry()
        for name, document in documents.items():
            document.pop("id", None)
            _drop_inner_ids(document)
            registry = registry.with_resource(name, DRAFT4.create_resource(document))
        self._validators = {
            media_type: Draft4Validator(documents[name], registry=registry, format_checker=FormatChecker())
            for media_type, name in SCHEMAS.items()
        }

    def validate(self, document: Mapping[str, Any] | bytes, media_type: str) -> None:
        """Raises jsonschema.ValidationError where the document breaks the schema of its media type."""
        if isinstance(document, bytes):
            document = json.loads(document)
        self._validators[media_type].validate(document)

    def validate_layout(self, root: Path) -> list[str]:
        """Every document of a layout directory; the media types that were met, in order of the walk."""
        met: list[str] = []

        def check(data: bytes, media_type: str) -> Any:
            self.validate(data, media_type)
            met.append(media_type)
            return json.loads(data)

        def walk(descriptor: Mapping[str, Any]) -> None:
            media_type = descriptor["mediaType"]
            if media_type not in SCHEMAS:
                return
            algorithm, _, encoded = descriptor["digest"].partition(":")
            document = check((root / "blobs" / algorithm / encoded).read_bytes(), media_type)
            for below in [*document.get("manifests", ()), *document.get("layers", ())]:
                walk(below)
            if "layers" in document:
                walk(document["config"])

        check((root / "oci-layout").read_bytes(), "application/vnd.oci.layout.header.v1+json")
        index = check((root / "index.json").read_bytes(), "application/vnd.oci.image.index.v1+json")
        for one in index["manifests"]:
            walk(one)
        return met


def _drop_inner_ids(schema: Any) -> None:
    """Inner `id`s move the base URI away from the directory in which the files refer to each other."""
    if isinstance(schema, dict):
        if isinstance(schema.get("id"), str):
            del schema["id"]
        for value in schema.values():
            _drop_inner_ids(value)
    elif isinstance(schema, list):
        for value in schema:
            _drop_inner_ids(value)


@functools.cache
def _loaded() -> OciSchemas:
    return OciSchemas(schema_directory())


@pytest.fixture(scope="session")
def oci_schemas() -> OciSchemas:
    """The validators of the OCI image-spec."""
    return _loaded()
