#!/usr/bin/env bash
# ministack 1.5.33 (PyPI, CPython 3.11): an alarm whose metric falls silent stays in ALARM, `notBreaching` or not.
#
# Behaviour: an alarm on a metric that is put only while something goes wrong rings, and 100 s later, with a period of
# 60 s over and nothing put since, DescribeAlarms still says ALARM. A point of 0 of the same metric takes it back to OK.
# Reason: alarms are evaluated when a point is put, and one without points in its periods is left as it is;
# `TreatMissingData` is not read.
# Expected: OK by itself. In AWS missing points of such an alarm count as good (Amazon CloudWatch user guide,
# "Configuring how CloudWatch alarms treat missing data"). A test that waits for the alarm to fall back waits for ever.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ministack==1.5.33 boto3==1.43.106

cat > "$folder/check.py" <<'PYTHON'
import atexit
import os
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

import boto3

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = subprocess.Popen(
    [sys.executable, "-m", "ministack"],
    env={**os.environ, "EDGE_PORT": str(port)},
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
atexit.register(server.kill)
client = boto3.client(
    "cloudwatch",
    endpoint_url=f"http://127.0.0.1:{port}",
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
for _ in range(100):
    try:
        client.describe_alarms()
        break
    except Exception:
        time.sleep(0.3)


def state():
    return client.describe_alarms(AlarmNames=["failures"])["MetricAlarms"][0]["StateValue"]


def put(name, value, at):
    client.put_metric_data(Namespace="shop", MetricData=[{"MetricName": name, "Value": value, "Timestamp": at}])


client.put_metric_alarm(
    AlarmName="failures",
    Namespace="shop",
    MetricName="Failures",
    Statistic="Sum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=1,
    ComparisonOperator="GreaterThanOrEqualToThreshold",
    TreatMissingData="notBreaching",
)
# Half of the period is over already, so that nobody has to wait for all of it.
put("Failures", 1, datetime.now(timezone.utc) - timedelta(seconds=30))
first = state()
assert first == "ALARM", f"the input is not sound: it does not ring, {first}"
time.sleep(100)
silent = state()
put("Failures", 0, datetime.now(timezone.utc))
woken = state()
print(f"ministack {version('ministack')}")
print(f"with a failure: {first}; 100 s later: {silent}; after a point of 0: {woken}")
assert woken == "OK", f"the input is not sound: after a point of 0 it is {woken}"
assert silent == "ALARM", "changed: the alarm falls back by itself"
print("As described: the silent alarm stays in ALARM.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
