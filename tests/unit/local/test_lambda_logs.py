from __future__ import annotations

import threading
from typing import Any

from botocore.exceptions import EndpointConnectionError

from portfolio_rag.local.lambda_logs import CloudWatchShipper


class FakeLogs:
    class exceptions:  # noqa: N801 - boto3's name
        class ResourceAlreadyExistsException(Exception): ...

    def __init__(self, failures: int = 0, existing: bool = False) -> None:
        self.streams: list[tuple[str, str]] = []
        self.events: dict[tuple[str, str], list[str]] = {}
        self.calls: list[int] = []
        self._failures = failures
        self._existing = existing

    def create_log_stream(self, **call: str) -> None:
        self.streams.append((call["logGroupName"], call["logStreamName"]))
        if self._existing:
            raise self.exceptions.ResourceAlreadyExistsException

    def put_log_events(self, **call: Any) -> None:
        if self._failures:
            self._failures -= 1
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        events = call["logEvents"]
        assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
        self.calls.append(len(events))
        place = (call["logGroupName"], call["logStreamName"])
        self.events.setdefault(place, []).extend(event["message"] for event in events)


def ship(client: FakeLogs, lines: list[tuple[str, str, str]]) -> None:
    shipper = CloudWatchShipper(client, interval_seconds=0.05)
    shipper.start()
    for line in lines:
        shipper.add(*line)
    shipper.close()


def test_lines_arrive_in_order_under_their_function_and_stream() -> None:
    client = FakeLogs()
    ship(client, [("intake", "s1", "a"), ("health", "s2", "b"), ("intake", "s1", "c")])
    assert client.events == {("/aws/lambda/intake", "s1"): ["a", "c"], ("/aws/lambda/health", "s2"): ["b"]}
    assert sorted(client.streams) == [("/aws/lambda/health", "s2"), ("/aws/lambda/intake", "s1")]


def test_a_stream_that_exists_already_is_written_to() -> None:
    client = FakeLogs(existing=True)
    ship(client, [("intake", "s1", "a")])
    assert client.events == {("/aws/lambda/intake", "s1"): ["a"]}


def test_many_lines_go_in_batches_that_the_service_takes() -> None:
    client = FakeLogs()
    ship(client, [("intake", "s1", f"{n}") for n in range(2500)])
    assert client.events["/aws/lambda/intake", "s1"] == [str(n) for n in range(2500)]
    assert max(client.calls) <= 1000


def test_a_long_line_is_cut_to_what_the_service_takes() -> None:
    client = FakeLogs()
    ship(client, [("intake", "s1", "ü" * 300_000)])
    assert len(client.events["/aws/lambda/intake", "s1"][0].encode()) <= 256_000


def test_an_emulator_that_is_away_costs_lines_and_nothing_else() -> None:
    client = FakeLogs(failures=1)
    shipper = CloudWatchShipper(client, interval_seconds=0.05)
    shipper.start()
    shipper.add("intake", "s1", "lost")
    while not client.streams:
        threading.Event().wait(0.02)
    shipper.close()
    again = CloudWatchShipper(client, interval_seconds=0.05)
    again.start()
    again.add("intake", "s1", "kept")
    again.close()
    assert client.events == {("/aws/lambda/intake", "s1"): ["kept"]}
