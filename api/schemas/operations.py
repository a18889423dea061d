"""Queues, dead letters, alarms, metrics and the size of the index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from portfolio_rag.answering.retrieval.index_size import IndexSize
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.identifiers import iso
from portfolio_rag.pipeline.maintenance.dead_letters import DeadLetter, DeadLetterList, Redriven, Remedy
from portfolio_rag.pipeline.maintenance.metric_history import History
from portfolio_rag.pipeline.maintenance.queues import QueueRole, QueueState
from portfolio_rag.ports.monitoring import Alarm, AlarmState


class QueueOut(BaseModel):
    """One queue. Counts are SQS's own, and may be a minute old on AWS."""

    name: str = Field(description="Its name.", examples=["portfolio-ingestion-queue"])
    role: QueueRole = Field(
        description="`ingestion`: documents to process; `embedding`: groups of chunks to embed; `dead_letters`.",
        examples=["ingestion"],
    )
    waiting: int = Field(description="Messages that can be received now.", examples=[0])
    in_flight: int = Field(description="Messages that somebody works on, or that wait for another try.", examples=[0])
    delayed: int = Field(description="Messages that were sent for later.", examples=[0])


class QueuesOut(BaseModel):
    """The queues of the pipeline."""

    items: list[QueueOut]

    @classmethod
    def of(cls, states: Sequence[QueueState]) -> QueuesOut:
        return cls(
            items=[
                QueueOut(
                    name=state.name,
                    role=state.role,
                    waiting=state.depth.visible,
                    in_flight=state.depth.in_flight,
                    delayed=state.depth.delayed,
                )
                for state in states
            ]
        )


class DeadLetterOut(BaseModel):
    """A message whose deliveries are used up, and what its document has come to since."""

    message_id: str = Field(description="Its id in SQS.", examples=["6c0f1c1e-6f6c-4b9a-8a39-9d1c1f7a2b10"])
    queue: str = Field(description="The dead-letter queue.", examples=["portfolio-embedding-dlq"])
    sent_at: str = Field(description="When it was first sent. UTC.", examples=["2026-01-05T10:12:00.000000Z"])
    receives: int = Field(description="How often it was received, looks at the dead letters included.", examples=[4])
    document_id: str | None = Field(
        description="The document that it is about.", examples=["5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"]
    )
    version: int | None = Field(description="The version that it is about, where the registry has it.", examples=[1])
    s3_key: str | None = Field(description="Where its bytes are.", examples=["failed/guides/sqs.md"])
    status: DocumentStatus | None = Field(description="What that version has come to.", examples=["FAILED"])
    error_code: str | None = Field(description="Why the version is FAILED.", examples=["DEPENDENCY_UNAVAILABLE"])
    reason: str = Field(description="Why it lies here, for people.", examples=["Chroma did not answer."])
    remedy: Remedy = Field(
        description=(
            "What a redrive does. `RETRY`: takes the failed document in again, as a new version. `SEND_AGAIN`: puts "
            "the message back into its queue. `TAKE_IN`: handles the event of an upload or a deletion now. `DISCARD`: "
            "removes the message, which is void. `NONE`: nothing can be done."
        ),
        examples=["RETRY"],
    )

    @classmethod
    def of(cls, letter: DeadLetter) -> DeadLetterOut:
        return cls(
            message_id=letter.message_id,
            queue=letter.queue,
            sent_at=iso(letter.sent_at),
            receives=letter.receives,
            document_id=letter.document_id,
            version=letter.version,
            s3_key=letter.s3_key,
            status=letter.status,
            error_code=letter.error_code,
            reason=letter.reason,
            remedy=letter.remedy,
        )


class DeadLettersOut(BaseModel):
    """Dead letters, oldest first: a hundred of each queue at most."""

    items: list[DeadLetterOut]
    total: int = Field(description="How many there are, those not listed included.", examples=[1])

    @classmethod
    def of(cls, found: DeadLetterList) -> DeadLettersOut:
        return cls(items=[DeadLetterOut.of(letter) for letter in found.items], total=found.total)


class RedrivenOut(BaseModel):
    """What was done about a dead letter."""

    message_id: str = Field(description="Its id.", examples=["6c0f1c1e-6f6c-4b9a-8a39-9d1c1f7a2b10"])
    document_id: str | None = Field(
        description="The document that it was about.", examples=["5b0f8a52-6c8e-5a0f-9d5e-0f6a5b1f7c11"]
    )
    remedy: Remedy = Field(description="What was done.", examples=["RETRY"])
    version: int | None = Field(description="The new version of a RETRY.", examples=[2])
    refusal: str | None = Field(description="Why nothing was done, and it lies there still.", examples=[None])

    @classmethod
    def of(cls, redriven: Redriven) -> RedrivenOut:
        letter = redriven.letter
        return cls(
            message_id=letter.message_id,
            document_id=letter.document_id,
            remedy=letter.remedy,
            version=redriven.version,
            refusal=redriven.refusal,
        )


class RedriveOut(BaseModel):
    """What was done about each dead letter that was listed."""

    items: list[RedrivenOut]

    @classmethod
    def of(cls, results: Sequence[Redriven]) -> RedriveOut:
        return cls(items=[RedrivenOut.of(redriven) for redriven in results])


class AlarmOut(BaseModel):
    """One alarm of CloudWatch."""

    name: str = Field(description="Its name.", examples=["portfolio-dead-letters"])
    description: str = Field(
        description="What it watches.", examples=["Messages failed for good and wait in a dead-letter queue."]
    )
    state: AlarmState = Field(
        description="`OK`, `ALARM`, or `INSUFFICIENT_DATA` where nothing was measured yet.", examples=["OK"]
    )
    reason: str = Field(description="Why it is in this state.", examples=["Threshold Crossed: 1 datapoint was 0.0."])
    since: str | None = Field(
        description="When it came into this state. UTC.", examples=["2026-01-05T10:12:00.000000Z"]
    )
    metric: str = Field(description="What it compares.", examples=["DeadLetters"])
    threshold: float | None = Field(description="Above which it rings, in the metric's unit.", examples=[0])

    @classmethod
    def of(cls, alarm: Alarm) -> AlarmOut:
        return cls(
            name=alarm.name,
            description=alarm.description,
            state=alarm.state,
            reason=alarm.reason,
            since=iso(alarm.since) if alarm.since is not None else None,
            metric=alarm.metric,
            threshold=alarm.threshold,
        )


class AlarmsOut(BaseModel):
    """The alarms of this deployment, by name."""

    items: list[AlarmOut]

    @classmethod
    def of(cls, alarms: Sequence[Alarm]) -> AlarmsOut:
        return cls(items=[AlarmOut.of(alarm) for alarm in alarms])


class SeriesOut(BaseModel):
    """One metric over time."""

    metric: str = Field(description="Its name in CloudWatch.", examples=["ProcessingDuration"])
    statistic: str = Field(description="Of the values of a period: Sum, Average, Maximum or p95.", examples=["p95"])
    unit: str = Field(description="Count, Percent or Seconds.", examples=["Seconds"])
    values: list[float | None] = Field(
        description="One for each of `times`; null where nothing was measured.", examples=[[3.2, None, 4.1]]
    )


class MetricsOut(BaseModel):
    """What the pipeline has measured of itself."""

    period_seconds: int = Field(description="How long a period is.", examples=[300])
    times: list[datetime] = Field(
        description="The beginnings of the periods, oldest first. The last one is not over.",
        examples=[["2026-01-05T10:00:00Z", "2026-01-05T10:05:00Z", "2026-01-05T10:10:00Z"]],
    )
    series: list[SeriesOut]

    @classmethod
    def of(cls, history: History) -> MetricsOut:
        return cls(
            period_seconds=history.period_seconds,
            times=list(history.times),
            series=[
                SeriesOut(
                    metric=series.query.metric,
                    statistic=series.query.statistic,
                    unit=series.unit,
                    values=list(series.values),
                )
                for series in history.series
            ],
        )


class IndexOut(BaseModel):
    """How much can be found."""

    collection: str = Field(description="The collection in Chroma that answers.", examples=["portfolio_knowledge"])
    windows: int = Field(description="Vectors in it: pieces of chunks.", examples=[164])
    documents: int | None = Field(
        description="Documents that are found by their words; null where SEARCH_REPLICA is off.", examples=[12]
    )
    waiting: int = Field(description="Documents that are not yet found by their words.", examples=[0])
    behind_seconds: float = Field(description="How old what is searched may be.", examples=[0.8])
    is_whole: bool = Field(
        description="False while the index of words is being built: searches go by vectors alone.", examples=[True]
    )

    @classmethod
    def of(cls, size: IndexSize) -> IndexOut:
        return cls(
            collection=size.collection,
            windows=size.windows,
            documents=size.documents,
            waiting=size.waiting,
            behind_seconds=size.behind_seconds,
            is_whole=size.is_whole,
        )
