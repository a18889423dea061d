#!/usr/bin/env bash
# Makes sure that the browser tests have a Chromium: installs Debian's package where that is possible. Elsewhere it
# says loudly that they will be skipped - or fails, when CI is set.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
if [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]; then
    exit 0
fi
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing Chromium for the browser tests"
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium \
        >/dev/null; then
        exit 0
    fi
fi
if [ -n "${CI:-}" ]; then
    echo "Error: Chromium is missing and could not be installed; with CI set the browser tests must run." >&2
    exit 1
fi
cat >&2 <<'EOF'
****************************************************************************************
*  Chromium was not found: THE BROWSER TESTS WILL BE SKIPPED.                          *
*  Install it (apt install chromium, brew install --cask google-chrome) to run them.   *
****************************************************************************************
EOF
