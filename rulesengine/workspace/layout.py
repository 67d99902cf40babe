"""Describe an output tree that is an OCI image layout (OCI image-spec, image-layout.md), read from the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from rulesengine.model.digest import Digest
from rulesengine.model.directory import TreeFile, TreeLink
from rulesengine.workspace.result import Image, ImagePlatform

Members = Mapping[str, TreeFile | TreeLink | None]
_MAX_DOCUMENT = 8 << 20


def describe(members: Members, read: Callable[[Digest], bytes]) -> Image | None:
    """What the layout holds; None for a tree that is no layout, or not one that we can make sense of.

    A description is for people: nothing here fails a build.
    """
    if "oci-layout" not in members or "index.json" not in members:
        return None
    try:
        return _describe(members, read)
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        return None


def _document(members: Members, path: str, read: Callable[[Digest], bytes]) -> dict[str, Any]:
    member = members[path]
    if not isinstance(member, TreeFile) or member.digest.size > _MAX_DOCUMENT:
        raise ValueError(path)
    value = json.loads(read(member.digest))
    if not isinstance(value, dict):
        raise ValueError(path)
    return value


def _blob(descriptor: dict[str, Any]) -> str:
    algorithm, _, value = str(descriptor["digest"]).partition(":")
    return f"blobs/{algorithm}/{value}"


def _digest(descriptor: dict[str, Any]) -> Digest:
    return Digest(str(descriptor["digest"]).partition(":")[2], int(descriptor["size"]))


def _describe(members: Members, read: Callable[[Digest], bytes]) -> Image:
    top = _document(members, "index.json", read)["manifests"]
    if len(top) != 1:
        raise ValueError("index.json has several entries")
    media_type = str(top[0].get("mediaType", ""))
    document = _document(members, _blob(top[0]), read)
    images = []
    for descriptor in document.get("manifests", top):
        manifest = _document(members, _blob(descriptor), read)
        if "layers" not in manifest:
            continue  # an index inside an index: not ours to describe
        platform = descriptor.get("platform") or _document(members, _blob(manifest["config"]), read)
        if platform.get("architecture") == "unknown":
            continue  # an attestation, as buildkit marks it
        name = "/".join(str(platform[key]) for key in ("os", "architecture", "variant") if platform.get(key))
        size = sum(int(one["size"]) for one in (manifest["config"], *manifest["layers"]))
        images.append(ImagePlatform(name, _digest(descriptor), size))
    return Image(_digest(top[0]), media_type, tuple(images))


def structure(members: Members, read: Callable[[Digest], bytes]) -> dict[str, Any] | None:
    """A layout's digests, as plain data: `digest` and `type` of its entry, and `manifests`.

    A manifest is `platform`, `digest`, `config` and `layers` (digests).  None for a tree that is no layout.
    """
    if "oci-layout" not in members or "index.json" not in members:
        return None
    try:
        top = _document(members, "index.json", read)["manifests"]
        if len(top) != 1:
            return None
        document = _document(members, _blob(top[0]), read)
        manifests = []
        for descriptor in document.get("manifests", top):
            manifest = _document(members, _blob(descriptor), read)
            if "layers" not in manifest:
                continue
            platform = descriptor.get("platform") or _document(members, _blob(manifest["config"]), read)
            manifests.append(
                {
                    "platform": "/".join(
                        str(platform[key]) for key in ("os", "architecture", "variant") if platform.get(key)
                    ),
                    "digest": str(descriptor["digest"]),
                    "config": str(manifest["config"]["digest"]),
                    "layers": [str(one["digest"]) for one in manifest["layers"]],
                }
            )
        return {"digest": str(top[0]["digest"]), "type": str(top[0].get("mediaType", "")), "manifests": manifests}
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        return None
