#!/usr/bin/env bash
# botocore 1.43.117 (PyPI, CPython 3.11, boto3 of the same version): a client says that it validates its parameters
# when it does not.
#
# Behaviour: a client that is made with Config(parameter_validation=False) sends a call without looking at its
# parameters, as is asked for, and its `client.meta.config.parameter_validation` is True. The same where
# `parameter_validation = false` stands in the AWS configuration file. Other options that are given, such as
# max_pool_connections or connect_timeout, are reported there as they hold.
# Reason: the configuration that is reported is made anew from some of the options, and this one is not among them, so
# that its default is reported.
# Expected: False, or nothing: what inspects its clients, a test that holds an application to its settings for one,
# takes the one for the other.
#
# Exit status: 0 while this is so, 1 when it has changed. Nothing is sent.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet boto3==1.43.117 botocore==1.43.117

cat > "$folder/check.py" <<'PYTHON'
import os
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.validate import ParamValidator


class Body:
    def stream(self, **_):
        yield b'{"Item": {"id": {"S": "1"}}}'


def answer(request, **_):
    return AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.0"}, Body())


def seen(**options) -> tuple[bool, int, int]:
    """What the client reports, how often it validated, and its connections."""
    session = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="us-east-1")
    client = session.client("dynamodb", config=Config(max_pool_connections=7, **options))
    client.meta.events.register_first("before-send", answer)
    with patch.object(ParamValidator, "validate", autospec=True, side_effect=ParamValidator.validate) as validate:
        item = client.get_item(TableName="things", Key={"id": {"S": "1"}})["Item"]
    assert item == {"id": {"S": "1"}}, f"the call was not answered: {item}"
    return client.meta.config.parameter_validation, validate.call_count, client.meta.config.max_pool_connections


empty = Path("config")
empty.write_text("")
os.environ["AWS_CONFIG_FILE"] = str(empty.resolve())
print(f"botocore {version('botocore')}, boto3 {version('boto3')}")
default = seen()
asked_off = seen(parameter_validation=False)
empty.write_text("[default]\nparameter_validation = false\n")
configured_off = seen()
for name, (reported, validated, connections) in {
    "by default": default,
    "parameter_validation=False": asked_off,
    "parameter_validation = false in the file": configured_off,
}.items():
    print(f"{name}: reports {reported}, validated {validated} time(s), max_pool_connections {connections}")
assert default == (True, 1, 7), f"changed: {default}"
assert asked_off == (True, 0, 7), f"changed: {asked_off}"
assert configured_off == (True, 0, 7), f"changed: {configured_off}"
print("As described: what is reported is the default, whatever holds.")
PYTHON
cd "$folder"
"$folder/venv/bin/python" "$folder/check.py"
