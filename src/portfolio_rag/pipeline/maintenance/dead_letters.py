"""Dead letters: what each was about, why it failed, since when, and its redrive.

A message lies in a dead-letter queue when its deliveries are used up. What is to be done about it follows from what has
become of its document since: the message alone does not tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.documents import DocumentHead, DocumentStatus, DocumentVersion
from portfolio_rag.domain.errors import Conflict, NotFound
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.storage_events import S3Event, s3_events
from portfolio_rag.pipeline.ingestion.intake import DocumentIntake
from portfolio_rag.pipeline.ingestion.redrive import Redrive
from portfolio_rag.ports.document_registry import DocumentRegistry
from portfolio_rag.ports.message_queue import MessageQueue, WaitingMessage

MAX_LISTED: Final = 100
"""Dead letters of a queue that are looked at together."""

_ERROR_ATTRIBUTES: Final = ("ErrorMessage", "ERROR_MESSAGE")
"""Where Lambda and EventBridge write why an event could not be delivered."""

_MAX_ERROR_CHARACTERS: Final = 500


class Remedy(StrEnum):
    """What a redrive does about a dead letter."""

    RETRY = "RETRY"
    SEND_AGAIN = "SEND_AGAIN"
    TAKE_IN = "TAKE_IN"
    DISCARD = "DISCARD"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """`source` is the queue that its messages came from; None for events, which came from none."""

    queue: MessageQueue
    source: MessageQueue | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`sent_at` is when its message was first sent; `receives` counts the looks at it, too.

    `version` is the one that the message is about, `status` what has become of it. `reason` is for people.
    """

    message_id: str
    queue: str
    sent_at: datetime
    receives: int
    document_id: str | None
    version: int | None
    s3_key: str | None
    status: DocumentStatus | None
    error_code: str | None
    reason: str
    remedy: Remedy


@dataclass(frozen=True, slots=True)
class DeadLetterList:
    """Oldest first. `total` counts those that are not listed, too."""

    items: list[DeadLetter]
    total: int


@dataclass(frozen=True, slots=True)
class Redriven:
    """What was done about a dead letter; `refusal` says why nothing was. `version` is the new try of a RETRY."""

    letter: DeadLetter
    version: int | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A message, the queue that it lies in, and what its body says."""

    message: WaitingMessage
    place: DeadLetterQueue
    body: dict[str, Any] | None
    events: list[S3Event] = field(default_factory=list)

    @property
    def document_id(self) -> str | None:
        if self.events:
            ref = self.events[0].ref
            return document_id_for(ref.bucket, keys.logical_key_of(ref.key))
        return self.pair[0] if self.pair is not None else None

    @property
    def pair(self) -> tuple[str, int] | None:
        """Document and version that a message of the pipeline is about."""
        body = self.body or {}
        document_id, version = body.get("document_id"), body.get("version")
        if not isinstance(document_id, str) or not isinstance(version, int) or not document_id or version < 1:
            return None
        return document_id, version


class DeadLetters:
    def __init__(
        self,
        queues: Sequence[DeadLetterQueue],
        registry: DocumentRegistry,
        redrive: Redrive,
        intake: DocumentIntake,
    ) -> None:
        self._queues = queues
        self._registry = registry
        self._redrive = redrive
        self._intake = intake

    def listed(self) -> DeadLetterList:
        """MAX_LISTED of each queue at most."""
        total = sum(place.queue.depth().visible for place in self._queues)
        letters = [letter for _, letter in self._look()]
        return DeadLetterList(letters, max(total, len(letters)))

    def redrive(self, message_id: str) -> Redriven:
        """Do what the letter's remedy says, and take it out of its queue, with those that are void by it.

        Raises NotFound when it is not there any more, Conflict when nothing can be done about it.
        """
        for found, letter in self._look():
            if letter.message_id == message_id:
                version = self._mend(found, letter)
                self._clear([(found, letter)])
                return Redriven(letter, version)
        raise NotFound(f"There is no dead letter {message_id}: it may have been driven again already.")

    def redrive_all(self) -> list[Redriven]:
        """`redrive` for all that are `listed`; one that is refused stays, and says why."""
        done: list[tuple[_Found, DeadLetter]] = []
        results: list[Redriven] = []
        retried: dict[str, int] = {}
        for found, letter in self._look():
            try:
                if letter.remedy is Remedy.RETRY and letter.document_id in retried:
                    version: int | None = retried[letter.document_id]
                else:
                    version = self._mend(found, letter)
            except (Conflict, NotFound) as error:
                results.append(Redriven(letter, refusal=str(error)))
                continue
            if letter.document_id is not None and version is not None:
                retried[letter.document_id] = version
            done.append((found, letter))
            results.append(Redriven(letter, version))
        self._clear(done)
        return results

    def _look(self) -> Iterator[tuple[_Found, DeadLetter]]:
        messages = [_read(message, place) for place in self._queues for message in place.queue.peek(MAX_LISTED)]
        messages.sort(key=lambda found: (found.message.sent_at, found.message.message_id))
        pairs = {pair for found in messages if (pair := found.pair) is not None}
        known = self._registry.heads_and_versions(pairs) if pairs else {}
        for found in messages:
            yield found, _letter(found, *known.get(found.pair or ("", 0), (None, None)))

    def _mend(self, found: _Found, letter: DeadLetter) -> int | None:
        """The number of the new version of a RETRY."""
        if letter.remedy is Remedy.NONE:
            raise Conflict(letter.reason)
        if letter.remedy is Remedy.RETRY and letter.document_id is not None:
            return self._redrive.retry(letter.document_id).version
        if letter.remedy is Remedy.SEND_AGAIN and found.place.source is not None:
            found.place.source.send([found.message.body])
        elif letter.remedy is Remedy.TAKE_IN:
            for event in found.events:
                if event.created:
                    self._intake.object_created(event.ref)
                elif event.removed:
                    self._intake.object_removed(event.ref)
        return None

    def _clear(self, done: Sequence[tuple[_Found, DeadLetter]]) -> None:
        """What was dealt with goes, and with a document's retry all of its messages: it sends its own."""
        retried = {letter.document_id for _, letter in done if letter.remedy is Remedy.RETRY}
        bodies = {found.message.body for found, _ in done}
        places = self._queues if retried else [found.place for found, _ in done]
        for place in {id(place): place for place in places}.values():
            place.queue.remove(lambda body: body in bodies or (bool(retried) and _document_of(body) in retried))


def _read(message: WaitingMessage, place: DeadLetterQueue) -> _Found:
    body = _parsed(message.body)
    # What EventBridge could not deliver comes with its envelope, what Lambda could not run comes as it was.
    try:
        events = list(s3_events(body or {}))
    except (AttributeError, KeyError, TypeError):
        events = []
    return _Found(message, place, body, events)


def _letter(found: _Found, head: DocumentHead | None, version: DocumentVersion | None) -> DeadLetter:
    told = next((found.message.attributes[name] for name in _ERROR_ATTRIBUTES if name in found.message.attributes), "")
    remedy, reason = _remedy(found, head, version)
    return DeadLetter(
        message_id=found.message.message_id,
        queue=found.place.queue.name,
        sent_at=found.message.sent_at,
        receives=found.message.receive_count,
        document_id=found.document_id,
        version=version.version if version is not None else None,
        s3_key=found.events[0].ref.key if found.events else version.s3_key if version is not None else None,
        status=version.status if version is not None else None,
        error_code=version.error_code if version is not None else None,
        reason=f"{told[:_MAX_ERROR_CHARACTERS]} {reason}".strip() if told else reason,
        remedy=remedy,
    )


def _remedy(found: _Found, head: DocumentHead | None, version: DocumentVersion | None) -> tuple[Remedy, str]:
    if found.events:
        return Remedy.TAKE_IN, "The event of an upload or a deletion was not handled."
    if found.pair is None:
        if found.place.source is None and found.body is not None:
            return Remedy.DISCARD, "The event of a schedule or a job was not handled; check-health makes up for it."
        return Remedy.NONE, "It is no message of the pipeline. Look at it with `aws sqs receive-message`."
    if head is None or version is None:
        return Remedy.DISCARD, "The registry knows no such version: the message is void."
    if head.replaces(version.version):
        what = "deleted" if head.deleted_at is not None else "uploaded or tried anew"
        return Remedy.DISCARD, f"The document has been {what} since: the message is void."
    if version.status is DocumentStatus.FAILED:
        return Remedy.RETRY, version.error_message or "It failed."
    if version.status is DocumentStatus.COMPLETED:
        return Remedy.DISCARD, "The version has been completed since: the message is void."
    return Remedy.SEND_AGAIN, "Its workers ended without a word, and the version is not at its end."


def _parsed(body: str) -> dict[str, Any] | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _document_of(body: str) -> str | None:
    return (_parsed(body) or {}).get("document_id")
