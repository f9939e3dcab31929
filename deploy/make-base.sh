#!/bin/sh
# A base image out of Debian's packages, for a machine that reaches no image registry: localhost/candled-base.
# Needs root, debootstrap and buildah. DEBIAN_MIRROR names another mirror.
set -eu
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$root/base" \
    ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"}
rm -rf "$root"/base/var/cache/apt/archives/*.deb "$root"/base/var/lib/apt/lists/*
container=$(buildah from scratch)
buildah add --quiet "$container" "$root/base" /
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
buildah commit --quiet --rm "$container" localhost/candled-base
