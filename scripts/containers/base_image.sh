#!/usr/bin/env bash
# The base image that images/Dockerfile asks for, made from Debian packages where it can neither be found nor pulled:
# the same Debian release and the same minor version of Python. Needs root, debootstrap and a running engine.
set -euo pipefail
cd "$(dirname "$0")/../.."

base=${BASE_IMAGE:-$(sed -n 's/^ARG BASE_IMAGE=//p' images/Dockerfile)}

if docker image inspect "$base" >/dev/null 2>&1; then
    echo "base image: $base is here"
    exit
fi
if timeout 60 docker pull --quiet "$base" 2>/dev/null; then
    echo "base image: $base pulled"
    exit
fi

echo "base image: $base cannot be pulled: building a stand-in with debootstrap"
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
    docker import - "$base" >/dev/null
echo "base image: $base made"
