"""Files for images: `tar`, `passwd`, `group`, `home`, `os_release`, `cacerts`.

Each makes one layer, and each can be packed with others into one layer by `tar(deps = [...])`.
"""

load(":cacerts.bzl", _cacerts = "cacerts")
load(":layer.bzl", _ContentInfo = "ContentInfo", _LayerInfo = "LayerInfo")
load(":tar.bzl", _tar = "tar")
load(":users.bzl", _group = "group", _home = "home", _os_release = "os_release", _passwd = "passwd")

ContentInfo = _ContentInfo
LayerInfo = _LayerInfo

cacerts = _cacerts
group = _group
home = _home
os_release = _os_release
passwd = _passwd
tar = _tar
