"""The emulator keeps its state through a kill, and tells of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from portfolio_rag.local.emulator import repair
from portfolio_rag.local.health import healthy
from portfolio_rag.local.isolation import free_ports
from portfolio_rag.local.marks import Marks

_KEY = {"document_id": {"S": "d1"}}


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"{what} has not come"
        time.sleep(0.1)


class Emulator:
    """A process of the local stack's emulator with its state in `state`."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            **os.environ,
            "EDGE_PORT": self.url.rpartition(":")[2],
            "BIND_HOST": "127.0.0.1",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.state / "emulator"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self.state / "s3"),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "TMPDIR": str(self.state),
            "AWS_ENDPOINT_URL": self.url,
            # Nothing listens there: the repair waits, until the emulator has ended.
            "CHROMA_URL": f"http://127.0.0.1:{free_ports(1)[0]}",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portfolio_rag.local.emulator"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: healthy(f"{self.url}/_ministack/ready"), "The emulator")

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}),
        )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path)
    emulator.start()
    yield emulator
    emulator.kill()


def test_what_was_told_some_seconds_before_a_kill_is_there_after_it(emulator: Emulator) -> None:
    table = {"TableName": "things", "BillingMode": "PAY_PER_REQUEST"}
    emulator.client("dynamodb").create_table(
        **table,
        KeySchema=[{"AttributeName": "document_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "document_id", "AttributeType": "S"}],
    )
    queue = emulator.client("sqs").create_queue(QueueName="messages")["QueueUrl"]
    wait_for(lambda: (emulator.state / "emulator" / "dynamodb.json").exists(), "A snapshot")
    emulator.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    emulator.client("dynamodb").put_item(TableName="things", Item=_KEY)
    told = time.time()
    wait_for(lambda: (emulator.state / "emulator").stat().st_mtime > told, "The next snapshot")
    emulator.kill()
    marks = Marks(emulator.state)
    assert marks.running.exists()
    assert not marks.unclean

    emulator.start()
    assert marks.unclean
    assert told - 60 < marks.lost_since < time.time()
    assert emulator.client("dynamodb").get_item(TableName="things", Key=_KEY)["Item"] == _KEY
    received = emulator.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert [message["Body"] for message in received] == ["hello"]

    # What was not repaired yet stays to be, also after an orderly end.
    emulator.stop()
    assert not marks.running.exists()
    assert marks.unclean


def test_an_orderly_end_loses_nothing_and_tells_of_nothing(emulator: Emulator) -> None:
    queue = emulator.client("sqs").create_queue(QueueName="messages")["QueueUrl"]
    emulator.client("sqs").send_message(QueueUrl=queue, MessageBody="hello")
    emulator.stop()
    emulator.start()
    assert not Marks(emulator.state).unclean
    assert emulator.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"


@pytest.mark.parametrize("left", [[".next", ".old"], [".old"], ["", ".next"]])
def test_a_snapshot_is_there_wherever_its_writer_was_killed(tmp_path: Path, left: list[str]) -> None:
    for suffix in left:
        (tmp_path / f"emulator{suffix}").mkdir()
        (tmp_path / f"emulator{suffix}" / "from").write_text(suffix)
    repair(tmp_path / "emulator")
    expected = "" if "" in left else left[0]
    assert (tmp_path / "emulator" / "from").read_text() == expected
