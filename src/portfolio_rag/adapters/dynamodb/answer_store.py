"""`answers` behind `ports.AnswerStore`: an item an answer, which the table's TTL deletes.

Both indexes are sparse: an answer that nobody has rated stands in neither, unless it was a refusal.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from portfolio_rag.adapters.aws.clients import translated
from portfolio_rag.adapters.dynamodb.table import Item, Table, plain, value
from portfolio_rag.domain.answers import AnswerMode
from portfolio_rag.domain.errors import ConditionFailed, InvalidRequest, NotFound
from portfolio_rag.domain.feedback import AnswerKind, AnswerPage, AnswerRecord, AnswerSource, Feedback, Rating

OUTCOME_INDEX = "outcome-asked_at-index"
RATING_INDEX = "rating-rated_at-index"

_REFUSED = AnswerKind.UNANSWERED.value
"""The `outcome` of a refusal; an answer has none."""

_MAX_READS = 20
"""Queries that one page may cost whoever sees few of the answers."""


class DynamoAnswerStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, record: AnswerRecord) -> None:
        self._table.create(_stored(record), "answer_id")

    def rate(self, answer_id: str, feedback: Feedback, *, now: int, key_id: str | None) -> AnswerRecord:
        own = "" if key_id is None else " AND key_id = :key"
        try:
            stored = self._table.update(
                {"answer_id": answer_id},
                UpdateExpression="SET rating = :rating, #comment = :comment, rated_at = :rated_at",
                ConditionExpression=f"attribute_exists(answer_id) AND expires_at > :now{own}",
                ExpressionAttributeNames={"#comment": "comment"},  # A reserved word.
                ExpressionAttributeValues={
                    ":rating": value(feedback.rating),
                    ":comment": value(feedback.comment),
                    ":rated_at": value(feedback.rated_at),
                    ":now": value(now),
                    **({} if key_id is None else {":key": value(key_id)}),
                },
            )
        except ConditionFailed:
            raise NotFound(f"There is no answer {answer_id}.") from None
        return _record(stored)

    def page(self, kind: AnswerKind, *, now: int, key_id: str | None, limit: int, cursor: str | None) -> AnswerPage:
        partition, sort, index = _list_of(kind)
        start: dict[str, Any] = (
            {"ExclusiveStartKey": _decode_cursor(cursor, partition, sort, kind)} if cursor is not None else {}
        )
        own = "" if key_id is None else " AND key_id = :key"
        records: list[AnswerRecord] = []
        for _ in range(_MAX_READS):
            with translated("DynamoDB Query"):
                answer = self._table.client.query(
                    TableName=self._table.name,
                    IndexName=index,
                    KeyConditionExpression=f"{partition} = :kind",
                    FilterExpression=f"expires_at > :now{own}",
                    ExpressionAttributeValues={
                        ":kind": value(kind),
                        ":now": value(now),
                        **({} if key_id is None else {":key": value(key_id)}),
                    },
                    ScanIndexForward=False,
                    Limit=limit - len(records),
                    **start,
                )
            records += [_record(plain(stored)) for stored in answer.get("Items", [])]
            last = answer.get("LastEvaluatedKey")
            start = {"ExclusiveStartKey": last}
            if not last or len(records) == limit:
                break
        return AnswerPage(records, _encode_cursor(last) if last else None)


def _list_of(kind: AnswerKind) -> tuple[str, str, str]:
    """Partition key, sort key and name of the index."""
    if kind is AnswerKind.UNANSWERED:
        return "outcome", "asked_at", OUTCOME_INDEX
    return "rating", "rated_at", RATING_INDEX


def _stored(record: AnswerRecord) -> Item:
    return {
        "answer_id": record.answer_id,
        "key_id": record.key_id,
        "question": record.question,
        "asked_at": record.asked_at,
        "outcome": None if record.answered else _REFUSED,
        "mode": record.mode,
        "sources": [
            {"document_id": source.document_id, "version": source.version, "logical_key": source.logical_key}
            for source in record.sources
        ],
        "expires_at": record.expires_at,
    }


def _record(stored: Mapping[str, Any]) -> AnswerRecord:
    rated = stored.get("rating")
    return AnswerRecord(
        answer_id=stored["answer_id"],
        key_id=stored["key_id"],
        question=stored["question"],
        asked_at=stored["asked_at"],
        answered="outcome" not in stored,
        mode=AnswerMode(stored["mode"]),
        sources=tuple(AnswerSource(**source) for source in stored["sources"]),
        expires_at=stored["expires_at"],
        feedback=Feedback(Rating(rated), stored["comment"], stored["rated_at"]) if rated else None,
    )


def _encode_cursor(key: Item) -> str:
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode()


def _decode_cursor(cursor: str, partition: str, sort: str, kind: AnswerKind) -> Item:
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        texts = plain(key)
        if set(texts) != {"answer_id", partition, sort} or texts[partition] != kind:
            raise ValueError
        if not all(isinstance(text, str) for text in texts.values()):
            raise ValueError
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidRequest("The cursor is not valid here: use the one of the previous page, unchanged.") from error
    return dict(key)
