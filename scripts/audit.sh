#!/usr/bin/env bash
# Looks for weak spots with the tools of requirements/audit.txt: bandit in the code, hadolint and checkov in the images
# and in Terraform, pip-audit in what the locks name. What they find is mended, or explained on the line that has it.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.portfolio/audit/bin

echo "bandit"
"$tools/bandit" --quiet --recursive --configfile pyproject.toml src api images scripts

echo "hadolint"
.venv/bin/hadolint images/Dockerfile tests/containers/standins/*.Dockerfile

echo "checkov"
"$tools/checkov" --quiet --compact --skip-download --framework terraform dockerfile --directory terraform --directory images

echo "pip-audit"
# A mirror of PyPI has the packages, but seldom what is known of them.
probe='import json, urllib.request as r; json.load(r.urlopen("https://pypi.org/pypi/pip/25.0/json", timeout=10))["vulnerabilities"]'
if "$tools/python" -c "$probe" 2>/dev/null; then
    for lock in dev api lambda lambda-embedding lambda-processor bake; do
        "$tools/pip-audit" --progress-spinner off --disable-pip --require-hashes --requirement "requirements/$lock.txt"
    done
else
    echo "PyPI's advisories cannot be reached from here: not run."
fi
