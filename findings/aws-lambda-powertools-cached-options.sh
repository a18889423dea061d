#!/usr/bin/env bash
# aws-lambda-powertools 3.37.0 (PyPI, CPython 3.11): the cache of parameters and secrets ignores the options of a call.
#
# Behaviour: `get_secret(name, VersionStage="AWSPREVIOUS")` gives the current value, if the current one was asked for before,
# and in a fresh process it is the other way round: then `get_secret(name)` gives the previous one. With
# `get_parameters(path, recursive=False)` the parameters of the folders below come, too, or are missing from the call that
# is to give them. Which of the two it is depends on what ran first, for as long as the entry is kept. So settings of an
# index, or a key while it is changed over, are those of another call.
# Reason: the key of the cache has the name and the transform (`_build_cache_key` in utilities/parameters/base.py) and
# none of the options that go to AWS. For TypeScript, the same was reported and repaired (issue 5622 of
# powertools-lambda-typescript).
# Expected: what boto3 gives for the same options, as with force_fetch=True.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet aws-lambda-powertools==3.37.0 boto3==1.44.8 'moto[secretsmanager,ssm]==5.2.5'

cat > "$folder/check.py" <<'PYTHON'
import os
from importlib.metadata import version

os.environ.update(AWS_DEFAULT_REGION="eu-central-1", AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none")
import boto3
import moto
from aws_lambda_powertools.utilities import parameters

NAMES = {"/search/model": "small", "/search/test/model": "large"}
PREVIOUS = {"VersionStage": "AWSPREVIOUS"}
FLAT, DEEP = {"model": "small"}, {"model": "small", "test/model": "large"}


def secrets() -> tuple[str, str]:
    """The current value, and then the previous one."""
    parameters.clear_caches()
    return parameters.get_secret("key"), parameters.get_secret("key", **PREVIOUS)


def secrets_reversed() -> tuple[str, str]:
    parameters.clear_caches()
    previous = parameters.get_secret("key", **PREVIOUS)
    return parameters.get_secret("key"), previous


def settings(first: bool, second: bool) -> tuple[dict, dict]:
    parameters.clear_caches()
    return parameters.get_parameters("/search", recursive=first), parameters.get_parameters("/search", recursive=second)


with moto.mock_aws():
    client = boto3.client("secretsmanager")
    client.create_secret(Name="key", SecretString="old")
    client.put_secret_value(SecretId="key", SecretString="new")
    for name, value in NAMES.items():
        boto3.client("ssm").put_parameter(Name=name, Value=value, Type="String")

    print(f"aws-lambda-powertools {version('aws-lambda-powertools')}, against moto {version('moto')}")
    witness = client.get_secret_value(SecretId="key"), client.get_secret_value(SecretId="key", **PREVIOUS)
    assert [answer["SecretString"] for answer in witness] == ["new", "old"], "the input is not sound"
    parameters.get_secret("key")
    assert parameters.get_secret("key", force_fetch=True, **PREVIOUS) == "old", "force_fetch does not help"
    print(f"current and previous secret: {secrets()}; the previous asked for first: {secrets_reversed()}")
    assert secrets() == ("new", "new"), f"changed: {secrets()}"
    assert secrets_reversed() == ("old", "old"), f"changed: {secrets_reversed()}"

    for recursive, expected in ((False, FLAT), (True, DEEP)):
        parameters.clear_caches()
        assert parameters.get_parameters("/search", recursive=recursive) == expected, "the input is not sound"
    print(f"recursive and then not: {settings(True, False)}")
    print(f"not recursive and then recursive: {settings(False, True)}")
    assert settings(True, False) == (DEEP, DEEP), f"changed: {settings(True, False)}"
    assert settings(False, True) == (FLAT, FLAT), f"changed: {settings(False, True)}"
print("As described: the second call gets the answer of the first, whatever its options are.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
