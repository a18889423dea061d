"""Every error that this project raises on purpose.

    PortfolioRagError
    ├── ConfigurationError          a setting is missing or wrong
    ├── InvalidRequest              400: the caller can mend it
    │   └── PayloadTooLarge         413
    ├── Forbidden                   403: the caller's key does not allow it
    ├── NotFound                    404
    ├── Conflict                    409: the state does not allow it
    │   ├── IllegalTransition       a status change that the state machine does not know
    │   └── ConditionFailed         somebody else wrote first: read again
    ├── LimitReached                429: a key's limit, with the time after which it is served again
    ├── IndexMismatch               503: the live index was made by another embedding model than this process has
    ├── DocumentRejected            the document can never be ingested as it is: FAILED with a reason
    └── DependencyUnavailable       503, retryable: try again later
        ├── VectorStoreUnavailable
        ├── StorageUnavailable
        └── LanguageModelUnavailable

`retryable` tells a queue consumer whether a redelivery can help; `http_status` tells the API what to answer.
"""

from __future__ import annotations

from enum import StrEnum


class PortfolioRagError(Exception):
    """Base of the tree."""

    retryable = False
    http_status = 500
    title = "Internal error"


class ConfigurationError(PortfolioRagError):
    """A setting is missing or has a value that cannot work; the message names the variable."""

    title = "Configuration error"


class InvalidRequest(PortfolioRagError):
    """The request cannot be served as it stands; the message says what to change."""

    http_status = 400
    title = "Invalid request"


class PayloadTooLarge(InvalidRequest):
    """The upload is larger than the ingestion rules allow."""

    http_status = 413
    title = "Payload too large"


class Forbidden(PortfolioRagError):
    """The caller is known, and its key does not allow the request."""

    http_status = 403
    title = "Forbidden"


class NotFound(PortfolioRagError):
    """No such document, version, chunk or job."""

    http_status = 404
    title = "Not found"


class Conflict(PortfolioRagError):
    """The resource is in a state that does not allow the request."""

    http_status = 409
    title = "Conflict"


class IllegalTransition(Conflict):
    """A status change that `models.LEGAL_TRANSITIONS` does not list."""


class ConditionFailed(Conflict):
    """A conditional write found the item changed since it was read."""


class LimitReached(PortfolioRagError):
    """The caller has used up what it may use for now; after `retry_after_seconds` it is served again."""

    http_status = 429
    title = "Limit reached"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class FailureReason(StrEnum):
    """Why a document version is FAILED: stored as `error_code` beside the human `error_message`."""

    UNSUPPORTED_TYPE = "UNSUPPORTED_TYPE"
    EMPTY_FILE = "EMPTY_FILE"
    TOO_LARGE = "TOO_LARGE"
    NO_TEXT = "NO_TEXT"
    ENCRYPTED = "ENCRYPTED"
    MALFORMED = "MALFORMED"
    UNDECODABLE = "UNDECODABLE"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    KEY_TOO_LONG = "KEY_TOO_LONG"
    BAD_METADATA = "BAD_METADATA"
    SUPERSEDED = "SUPERSEDED"
    DELETED = "DELETED"
    DEPENDENCY_UNAVAILABLE = "DEPENDENCY_UNAVAILABLE"
    INTERNAL = "INTERNAL"


class DocumentRejected(PortfolioRagError):
    """The document's bytes, type or metadata can never be ingested: no retry will help.

    `str(error)` is shown to people: it says what is wrong and what to do.
    """

    http_status = 422
    title = "Document rejected"

    def __init__(self, reason: FailureReason, message: str) -> None:
        super().__init__(_bounded(message))
        self.reason = reason


class IndexMismatch(PortfolioRagError):
    """The live index was made by another embedding model or recipe than this process has; a REINDEX mends it."""

    http_status = 503
    title = "Index of another model"


class DependencyUnavailable(PortfolioRagError):
    """A service that this one needs did not answer; the same call may succeed later.

    `retry_after_seconds`: before then it will not, where that is known.
    """

    retryable = True
    http_status = 503
    title = "Dependency unavailable"

    def __init__(self, message: str = "", *, retry_after_seconds: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class VectorStoreUnavailable(DependencyUnavailable):
    """Chroma did not answer, or answered with a server error."""


class StorageUnavailable(DependencyUnavailable):
    """S3, DynamoDB or SQS kept failing after the client's own retries."""


class LanguageModelUnavailable(DependencyUnavailable):
    """The OpenAI API timed out, throttled or failed after bounded retries."""


MAX_MESSAGE_CHARACTERS = 2000
"""Of a reason that is stored with a document: some quote what they refuse, and an item holds 400 KB at most."""


def _bounded(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE_CHARACTERS else message[: MAX_MESSAGE_CHARACTERS - 1] + "…"


def failure_of(error: Exception) -> tuple[FailureReason, str]:
    """Reason and message for a document whose last delivery failed with `error`."""
    if getattr(error, "retryable", False):
        return (
            FailureReason.DEPENDENCY_UNAVAILABLE,
            f"A service that ingestion needs did not answer: {_bounded(str(error))} "
            "It is tried again once the service is back.",
        )
    return FailureReason.INTERNAL, _bounded(f"Ingestion failed unexpectedly: {type(error).__name__}: {error}")
