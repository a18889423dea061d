#!/usr/bin/env bash
# The base image that images/Dockerfile asks for, made from Debian packages where it can neither be found nor pulled:
# the same Debian release and the same minor version of Python. Needs root, debootstrap and a running engine.
# Prints the image to build on: `BASE_IMAGE` for scripts/containers/images.py. A stand-in has the tag alone, because no
# image made here can have the digest of another.
set -euo pipefail
cd "$(dirname "$0")/../.."

base=${BASE_IMAGE:-$(sed -n 's/^ARG BASE_IMAGE=//p' images/Dockerfile)}

if docker image inspect "$base" >/dev/null 2>&1; then
    echo "$base"
    exit
fi
if timeout 60 docker pull --quiet "$base" >/dev/null 2>&1; then
    echo "$base"
    exit
fi

stand_in=${base%@*}
if docker image inspect "$stand_in" >/dev/null 2>&1; then
    echo "base image: $base cannot be pulled: $stand_in is here" >&2
    echo "$stand_in"
    exit
fi
echo "base image: $base cannot be pulled: building a stand-in with debootstrap" >&2
root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT
if ! debootstrap --variant=minbase --include=python3,python3-pip,python3-venv,ca-certificates \
    bookworm "$root" >"$root.log" 2>&1; then
    tail -n 20 "$root.log" >&2
    exit 1
fi
rm -f "$root.log"
# What the slim image leaves out too: package caches, documentation, translations.
tar -C "$root" -c \
    --exclude='./var/cache/apt/archives/*' --exclude='./var/cache/apt/*.bin' --exclude='./var/lib/apt/lists/*' \
    --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
    --exclude='./var/log/*' --exclude='./dev/*' --exclude='*/__pycache__' . |
    docker import - "$stand_in" >/dev/null
echo "$stand_in"
