"""The /etc of sandboxed commands: what programs need to start and to know who they are, and nothing of this host.

The users, the host names and the name service are made up; the loader's cache, Debian's alternatives and the
configuration of OpenSSL and Java are the host's, because programs in /usr do not start without them.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Sequence

NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs", "/etc/pki/tls/certs")
"""What an action with the network sees of the host's own /etc besides."""

_MADE_UP = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nbuild:x:1000:1000:build:/tmp:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\nbuild:x:1000:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "hostname": "localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
    "resolv.conf": "",
}

_COPIED = ("ld.so.cache", "protocols", "services", "ssl/openssl.cnf", "pki/tls/openssl.cnf")
_BOUND_STARTS = ("alternatives", "java-")


@functools.cache
def bound_directories() -> tuple[str, ...]:
    """Directories of the host's /etc that are bound because they hold too many files to copy."""
    with contextlib.suppress(OSError):
        names = sorted(name for name in os.listdir("/etc") if name.startswith(_BOUND_STARTS))
        return tuple(f"/etc/{name}" for name in names if os.path.isdir(f"/etc/{name}"))
    return ()


def write_etc(directory: str, mounts: Sequence[tuple[str, str]] = ()) -> None:
    """Make the directory.  mounts: (real path, path inside); places for those below /etc are made.

    Raises OSError.
    """
    import shutil

    os.makedirs(directory, exist_ok=True)
    os.chmod(directory, 0o755)
    for name, text in _MADE_UP.items():
        with open(f"{directory}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    for name in _COPIED:
        if os.path.exists(f"/etc/{name}"):
            os.makedirs(os.path.dirname(f"{directory}/{name}"), exist_ok=True)
            shutil.copyfile(f"/etc/{name}", f"{directory}/{name}")
    own = [(path, path) for path in (*bound_directories(), *NETWORK_FILES)]
    for real, path in (*own, *mounts):
        inside = directory + path[4:]
        if path.startswith("/etc/") and os.path.exists(real) and not os.path.lexists(inside):
            os.makedirs(os.path.dirname(inside), exist_ok=True)
            if os.path.isdir(real):
                os.mkdir(inside)
            else:
                with open(inside, "w", encoding="utf-8"):
                    pass
