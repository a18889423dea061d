"""Each alarm that Terraform declares rings for its trouble alone, and stops when that is over.

The handlers run on the models and publish through the real adapter; what they publish goes into a real emulator, which
has the alarms as Terraform plans them and evaluates them itself, when points come in. There the points of the trouble
lie some seconds before the end of the alarm's five minutes, so that no test has to wait for as long. What the emulator
does otherwise than AWS is in docs/emulator.md.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from portfolio_rag.adapters.aws.cloudwatch import CloudWatchMetrics
from portfolio_rag.domain.documents import ObjectRef
from portfolio_rag.local.throwaway_emulator import throwaway_emulator
from tests.simulation.schedule import text_of
from tests.simulation.world import RAW, World
from tests.terraform.plan import RECORD

PERIOD = 300
MARGIN = 5.0
"""Seconds before the end of an alarm's period at which the trouble's points lie."""

PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
DECLARED: Mapping[str, Mapping[str, Any]] = {
    values["alarm_name"]: values
    for address, values in json.loads(RECORD.read_text(encoding="utf-8")).items()
    if "aws_cloudwatch_metric_alarm" in address
}


class Published:
    """In the place of CloudWatch's client: keeps what is published."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def put_metric_data(self, **call: Any) -> None:
        self.calls.append(call)

    def take(self) -> list[dict[str, Any]]:
        calls, self.calls = self.calls, []
        return calls


@dataclass
class Story:
    """`trouble` and `relief` happen to a world; the points are what its functions published in each part."""

    region: str
    trouble: Callable[[World], None]
    relief: Callable[[World], None]
    before: list[dict[str, Any]] = field(default_factory=list)
    during: list[dict[str, Any]] = field(default_factory=list)
    after: list[dict[str, Any]] = field(default_factory=list)

    def play(self) -> None:
        world, published = World(), Published()
        world.container.metrics = CloudWatchMetrics(published, "PortfolioRAG")
        parts = (
            (self.before, lambda _: None),
            (self.during, self.trouble),
            (self.after, self.relief),
        )
        for kept, happens in parts:
            happens(world)
            world.attempt("check_health", {})
            kept += published.take()
            world.clock.advance(timedelta(minutes=6))


def failing_document(world: World) -> None:
    world.upload("picture.png", PICTURE)
    world.run()


def good_document(world: World) -> None:
    world.upload("good.md", text_of("good", 1))
    world.run()


def poison(world: World) -> None:
    world.container.ingestion_queue.send(["no message of ours"])
    world.run()


def dead_letters_removed(world: World) -> None:
    assert sum(queue.remove(lambda _: True) for queue in world.container.dead_letter_queues) == 1


def backlog(world: World) -> None:
    """Uploads are registered, and no processor runs."""
    for number in range(101):
        world.upload(f"{number}.md", text_of(f"name{number}", 1))
        world.container.intake.object_created(ObjectRef(RAW, f"incoming/{number}.md"))
    world.notifications.clear()


def worked_off(world: World) -> None:
    """By somebody else: here it would be slow, and that is another alarm's affair."""
    assert world.container.ingestion_queue.remove(lambda _: True) == 101


def slow_document(world: World) -> None:
    """Its message comes when ten minutes are over."""
    world.upload("slow.md", text_of("slow", 1))
    world.container.intake.object_created(ObjectRef(RAW, "incoming/slow.md"))
    world.clock.advance(timedelta(minutes=10))
    world.run()


STORIES = {
    "portfolio-high-error-rate": Story("us-east-1", failing_document, good_document),
    "portfolio-dead-letters": Story("us-east-2", poison, dead_letters_removed),
    "portfolio-queue-depth": Story("us-west-1", backlog, worked_off),
    "portfolio-slow-processing": Story("us-west-2", slow_document, good_document),
}


class Region:
    """The emulator's CloudWatch in a region of its own, with the alarms, their topic and somebody who listens."""

    def __init__(self, url: str, name: str) -> None:
        session = boto3.Session("test", "test", region_name=name)
        self.cloudwatch, self._sqs = (session.client(service, endpoint_url=url) for service in ("cloudwatch", "sqs"))
        sns = session.client("sns", endpoint_url=url)
        topic = sns.create_topic(Name="portfolio-alarms")["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName="on-call")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        for alarm in DECLARED.values():
            self.cloudwatch.put_metric_alarm(
                AlarmName=alarm["alarm_name"],
                AlarmDescription=alarm["alarm_description"],
                Namespace=alarm["namespace"],
                MetricName=alarm["metric_name"],
                Statistic=alarm["statistic"],
                ComparisonOperator=alarm["comparison_operator"],
                Threshold=alarm["threshold"],
                Period=alarm["period"],
                EvaluationPeriods=alarm["evaluation_periods"],
                TreatMissingData=alarm["treat_missing_data"],
                AlarmActions=[topic],
                OKActions=[topic],
            )

    def publish(self, calls: Sequence[Mapping[str, Any]], at: datetime) -> None:
        for call in calls:
            data = [{**datum, "Timestamp": at} for datum in call["MetricData"]]
            self.cloudwatch.put_metric_data(Namespace=call["Namespace"], MetricData=data)

    def states(self) -> dict[str, str]:
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in self.cloudwatch.describe_alarms()["MetricAlarms"]}

    def told(self) -> list[tuple[str, str]]:
        """Alarm and new state of each notification, in order."""
        told = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                body = json.loads(json.loads(message["Body"])["Message"])
                told.append((body["AlarmName"], body["NewStateValue"]))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return told


@dataclass
class Seen:
    """What the alarms were in the trouble and after it, and who was told what."""

    during: Mapping[str, str]
    after: Mapping[str, str]
    told: list[tuple[str, str]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Seen]]:
    for story in STORIES.values():
        story.play()
    folder: Path = tmp_path_factory.mktemp("emulator")
    with throwaway_emulator(folder) as url:
        regions = {name: Region(url, story.region) for name, story in STORIES.items()}
        then = datetime.now(UTC) - timedelta(seconds=PERIOD - MARGIN)
        for name, story in STORIES.items():
            regions[name].publish([*story.before, *story.during], then)
        during = {name: region.states() for name, region in regions.items()}
        # Until the trouble is five minutes ago.
        time.sleep(max(0.0, PERIOD + 1 - (datetime.now(UTC) - then).total_seconds()))
        for name, story in STORIES.items():
            regions[name].publish(story.after, datetime.now(UTC))
        yield {name: Seen(during[name], region.states(), region.told()) for name, region in regions.items()}


def test_there_is_a_story_for_every_alarm() -> None:
    assert set(STORIES) == set(DECLARED)


@pytest.mark.parametrize("name", STORIES)
def test_an_alarm_rings_for_its_trouble_and_no_other_one_does(seen: Mapping[str, Seen], name: str) -> None:
    assert [alarm for alarm, state in seen[name].during.items() if state == "ALARM"] == [name]


@pytest.mark.parametrize("name", STORIES)
def test_it_falls_back_when_the_trouble_is_over(seen: Mapping[str, Seen], name: str) -> None:
    assert seen[name].after[name] == "OK"
    assert "ALARM" not in seen[name].after.values()


@pytest.mark.parametrize("name", STORIES)
def test_the_topic_tells_of_both(seen: Mapping[str, Seen], name: str) -> None:
    states = [state for alarm, state in seen[name].told if alarm == name]
    assert [state for state in states if state == "ALARM"] == ["ALARM"]
    assert states[-1] == "OK"
    assert {alarm for alarm, state in seen[name].told if state == "ALARM"} == {name}


def test_every_alarm_notifies_the_topic_when_it_rings_and_when_it_stops() -> None:
    for alarm in DECLARED.values():
        assert alarm["alarm_actions"] == alarm["ok_actions"] != []
