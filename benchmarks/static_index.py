"""The six-platform index of `static` from cached .debs, against the field's tools making the same six images."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

from benchmarks.measure import Cost, Report, environment, medians, of_process, pybuild
from benchmarks.workspaces import blob, fetched_only, hello, locked

PACKAGES = ("base-files", "netbase", "tzdata", "tzdata-legacy", "media-types")
ARCHITECTURES = ("amd64", "arm64", "armhf", "s390x", "ppc64el", "riscv64")

# For each platform: unpack, add the files, one layer, one image.  The fewest steps that give the same files.
PEER = """\
set -eu
umoci init --layout layout
for arch in amd64 arm64 armhf s390x ppc64el riscv64; do
    root=root-$arch
    mkdir -p $root/var/lib/dpkg/status.d
    for package in base-files netbase tzdata tzdata-legacy media-types; do
        dpkg-deb -x debs/$package.$arch.deb $root
        dpkg-deb -f debs/$package.$arch.deb > $root/var/lib/dpkg/status.d/$package
    done
    dpkg-deb -x debs/ca-certificates.$arch.deb certificates-$arch
    mkdir -p $root/etc/ssl/certs $root/home/nonroot $root/root $root/tmp
    cat certificates-$arch/usr/share/ca-certificates/mozilla/*.crt > $root/etc/ssl/certs/ca-certificates.crt
    printf 'root:x:0:0:root:/root:/sbin/nologin\\n' > $root/etc/passwd
    printf 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\\n' >> $root/etc/passwd
    printf 'root:x:0:\\nnonroot:x:65532:\\n' > $root/etc/group
    printf 'passwd: files\\nhosts: files dns\\n' > $root/etc/nsswitch.conf
    chmod 1777 $root/tmp
    chmod 700 $root/root $root/home/nonroot
    tar --create --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 \\
        --directory $root . | gzip -6 -n > $arch.tar.gz
    umoci new --image layout:$arch
    umoci raw add-layer --image layout:$arch $arch.tar.gz
    umoci config --image layout:$arch --architecture $arch --os linux \\
        --config.user 65532 --config.workingdir /home/nonroot
done
"""

# The same images layer by layer, as ours are: one layer for each package, for each file of the configuration and for
# the certificates, each registered for scanners, so that images share what they have in common.
LAYERED = """\
set -eu
umoci init --layout layout
layer() { # NAME: the files below NAME become a layer of the image
    tar --create --sort=name --mtime=@0 --numeric-owner --owner=0 --group=0 --directory $1 . | gzip -6 -n > $1.tar.gz
    umoci raw add-layer --image layout:$arch $1.tar.gz
}
for arch in amd64 arm64 armhf s390x ppc64el riscv64; do
    umoci new --image layout:$arch
    for package in base-files netbase tzdata tzdata-legacy media-types; do
        root=$package-$arch
        dpkg-deb -x debs/$package.$arch.deb $root
        mkdir -p $root/var/lib/dpkg/status.d
        dpkg-deb -f debs/$package.$arch.deb > $root/var/lib/dpkg/status.d/$package
        dpkg-deb -I debs/$package.$arch.deb md5sums > $root/var/lib/dpkg/status.d/$package.md5sums
        layer $root
    done
    for name in passwd group home tmp nsswitch os-release cacerts; do mkdir -p $name-$arch/etc/ssl/certs; done
    printf 'root:x:0:0:root:/root:/sbin/nologin\\n' > passwd-$arch/etc/passwd
    printf 'root:x:0:\\nnonroot:x:65532:\\n' > group-$arch/etc/group
    mkdir -p home-$arch/home/nonroot home-$arch/root
    chmod 700 home-$arch/home/nonroot home-$arch/root
    mkdir tmp-$arch/tmp
    chmod 1777 tmp-$arch/tmp
    printf 'passwd: files\\nhosts: files dns\\n' > nsswitch-$arch/etc/nsswitch.conf
    printf 'ID=debian\\n' > os-release-$arch/etc/os-release
    dpkg-deb -x debs/ca-certificates.$arch.deb certificates-$arch
    cat certificates-$arch/usr/share/ca-certificates/mozilla/*.crt > cacerts-$arch/etc/ssl/certs/ca-certificates.crt
    for name in passwd group home tmp nsswitch os-release cacerts; do layer $name-$arch; done
    umoci config --image layout:$arch --architecture $arch --os linux \\
        --config.user 65532 --config.workingdir /home/nonroot
done
"""


def run(directory: Path, report: Report, quick: bool) -> None:
    """CPU of the whole process against CPU of all of theirs; wall beside it."""
    root, cache = hello(directory)
    lock = root / "debian/trixie.lock.json"
    debs = directory / "debs"
    debs.mkdir()
    for one in locked(lock):
        if one["name"] in (*PACKAGES, "ca-certificates"):
            os.link(blob(cache, one["sha256"]), debs / f"{one['name']}.{one['arch']}.deb")
    (directory / "one-layer.sh").write_text(PEER)
    (directory / "layers.sh").write_text(LAYERED)

    # A directory of its own for each run: ext4 makes no new file of what was removed in the last five seconds, and
    # looks for another place for each, which would be measured.
    fresh = itertools.count()

    def ours() -> Cost:
        cold = fetched_only(cache, lock, directory / f"cold{next(fresh)}")
        shutil.rmtree(root / "pybuild-bin", ignore_errors=True)
        return of_process([*pybuild(), "-C", root, "//base:static"], environment=environment(cold))

    def theirs(script: str) -> Cost:
        work = directory / f"peer{next(fresh)}"
        work.mkdir()
        (work / "debs").symlink_to(debs)
        return of_process(["bash", directory / script], cwd=work)

    mine, layered, merged = medians(
        1 if quick else 3, ours, lambda: theirs("layers.sh"), lambda: theirs("one-layer.sh")
    )
    # Ours is short, so it is measured more often.
    (mine,) = medians(3 if quick else 7, ours)
    tools = "of dpkg-deb + tar + gzip + umoci"
    report.ratio("CPU, six platforms", mine.cpu, layered.cpu, f"{tools}, layer by layer", goal=0.1)
    report.ratio("wall, six platforms", mine.wall, layered.wall, f"{tools}, layer by layer")
    report.ratio("CPU, against all in one layer", mine.cpu, merged.cpu, f"{tools}, all in one layer")
    report.ratio("wall, against all in one layer", mine.wall, merged.wall, f"{tools}, all in one layer")
