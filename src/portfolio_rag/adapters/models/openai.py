"""The language model behind the OpenAI API, or any server that speaks its chat completions."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import openai

from portfolio_rag.domain.answers import FinishReason
from portfolio_rag.domain.errors import LanguageModelUnavailable
from portfolio_rag.ports.language_model import ChatCompletion

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam
    from openai.types.chat.completion_create_params import ResponseFormat

MAX_ANSWER_TOKENS = 1000
LONGER_ANSWER_TOKENS = 4000
"""The limit of the one further try when a whole answer comes to the first: a reasoning model thinks within it."""

_log = logging.getLogger(__name__)

_BACKOFF_SECONDS = 0.5
_MAX_WAIT_SECONDS = 8.0
_BROKE_OFF = "The language model's answer broke off. Try again."


class OpenAIModel:
    """Chat completions with one deadline over all attempts.

    The client's own retries are off: they know no deadline over the attempts, and a person waits for the answer.
    """

    def __init__(
        self,
        api_key: str,
        model: Callable[[], str],
        *,
        base_url: str = "",
        timeout_seconds: float = 20.0,
        deadline_seconds: float = 45.0,
        max_attempts: int = 3,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`model` says with each call which one to ask: the configuration may have changed."""
        self._client = openai.OpenAI(api_key=api_key, base_url=base_url or None, max_retries=0)
        self._model = model
        self._timeout = timeout_seconds
        self._deadline = deadline_seconds
        self._max_attempts = max_attempts
        self._sleep = sleep
        self._clock = clock

    def complete(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float, schema: Mapping[str, Any] | None = None
    ) -> ChatCompletion:
        """One answer. Raises LanguageModelUnavailable after the attempts, or at once when a retry cannot help."""
        end = self._clock() + self._deadline
        completion = self._attempted(messages, temperature, schema, end, MAX_ANSWER_TOKENS)
        if completion.finish_reason is not FinishReason.LENGTH or self._clock() >= end:
            return completion
        try:
            longer = self._attempted(messages, temperature, schema, end, LONGER_ANSWER_TOKENS)
        except LanguageModelUnavailable as error:
            # The model may have no room for a longer answer; the cut one is there.
            _log.warning("A longer answer could not be had, the first was cut at its limit: %s", error)
            return completion
        return replace(
            longer,
            prompt_tokens=completion.prompt_tokens + longer.prompt_tokens,
            completion_tokens=completion.completion_tokens + longer.completion_tokens,
        )

    def _attempted(
        self,
        messages: Sequence[Mapping[str, str]],
        temperature: float,
        schema: Mapping[str, Any] | None,
        end: float,
        max_tokens: int,
    ) -> ChatCompletion:
        for attempt in range(1, self._max_attempts + 1):
            try:
                return self._once(messages, temperature, min(self._timeout, end - self._clock()), schema, max_tokens)
            except openai.OpenAIError as error:
                wait = _wait_seconds(error, attempt)
                if wait is None or attempt == self._max_attempts or self._clock() + wait >= end:
                    raise LanguageModelUnavailable(_explain(error, attempt)) from error
                self._sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def stream(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float
    ) -> Generator[str | ChatCompletion, None, None]:
        """The pieces as they come, and the whole at the end, all within the deadline.

        A failure before the first piece is tried again; one after it raises LanguageModelUnavailable, because half of
        an answer is on its way already.
        """
        end = self._clock() + self._deadline
        for attempt in range(1, self._max_attempts + 1):
            begun = False
            try:
                for piece in self._pieces(messages, temperature, end):
                    begun = True
                    yield piece
                return
            except openai.OpenAIError as error:
                if begun:
                    raise LanguageModelUnavailable(_BROKE_OFF) from error
                wait = _wait_seconds(error, attempt)
                if wait is None or attempt == self._max_attempts or self._clock() + wait >= end:
                    raise LanguageModelUnavailable(_explain(error, attempt)) from error
                self._sleep(wait)
            except ValueError as error:
                # The client lets a broken event through as the parser's own error.
                raise LanguageModelUnavailable(_BROKE_OFF) from error

    def _pieces(
        self, messages: Sequence[Mapping[str, str]], temperature: float, end: float
    ) -> Generator[str | ChatCompletion, None, None]:
        asked = self._model()
        text, model, usage, spoke, finish_reason = "", asked, None, False, None
        with self._client.chat.completions.create(
            model=asked,
            messages=cast("Iterable[ChatCompletionMessageParam]", messages),
            temperature=temperature,
            max_tokens=MAX_ANSWER_TOKENS,
            # For each read: a stream that stalls ends here, one that dribbles at the deadline.
            timeout=min(self._timeout, end - self._clock()),
            stream=True,
            stream_options={"include_usage": True},
        ) as chunks:
            for chunk in chunks:
                if self._clock() >= end:
                    raise LanguageModelUnavailable("The language model did not finish in time. Try again.")
                model = getattr(chunk, "model", None) or model
                usage = getattr(chunk, "usage", None) or usage
                choices = getattr(chunk, "choices", None)
                spoke = spoke or bool(choices)
                finish_reason = (choices and getattr(choices[0], "finish_reason", None)) or finish_reason
                if choices and choices[0].delta and (piece := choices[0].delta.content):
                    text += piece
                    yield piece
        if not spoke:
            raise LanguageModelUnavailable(_no_choice(asked))
        yield ChatCompletion(
            text=text,
            model=model,
            prompt_tokens=getattr(usage, "prompt_tokens", None) or 0,
            completion_tokens=getattr(usage, "completion_tokens", None) or 0,
            finish_reason=_finish_reason(finish_reason),
        )

    def _once(
        self,
        messages: Sequence[Mapping[str, str]],
        temperature: float,
        timeout: float,
        schema: Mapping[str, Any] | None,
        max_tokens: int,
    ) -> ChatCompletion:
        asked = self._model()
        try:
            response = self._client.chat.completions.create(
                model=asked,
                messages=cast("Iterable[ChatCompletionMessageParam]", messages),
                temperature=temperature,
                max_tokens=max_tokens,
                timeout=timeout,
                response_format=_format(schema),
            )
        except ValueError as error:
            # The client lets a broken JSON body through as the parser's own error.
            raise LanguageModelUnavailable(
                "The language model's answer could not be read. Check OPENAI_BASE_URL."
            ) from error
        # A compatible server may leave anything out, whatever the client's types promise.
        choices = getattr(response, "choices", None)
        if not choices or getattr(choices[0], "message", None) is None:
            raise LanguageModelUnavailable(_no_choice(asked))
        usage = getattr(response, "usage", None)
        return ChatCompletion(
            text=choices[0].message.content or "",
            model=getattr(response, "model", None) or asked,
            prompt_tokens=getattr(usage, "prompt_tokens", None) or 0,
            completion_tokens=getattr(usage, "completion_tokens", None) or 0,
            finish_reason=_finish_reason(getattr(choices[0], "finish_reason", None)),
        )


def _finish_reason(said: object) -> FinishReason:
    """What a server says of the end. Compatible ones have names of their own for a text that is whole."""
    if not said or said == "error":
        return FinishReason.INCOMPLETE
    if said in ("length", "max_tokens", "model_length"):
        return FinishReason.LENGTH
    return FinishReason.CONTENT_FILTER if said == "content_filter" else FinishReason.STOP


def _format(schema: Mapping[str, Any] | None) -> ResponseFormat | openai.Omit:
    if schema is None:
        return openai.omit
    return {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": dict(schema)}}


def _no_choice(model: str) -> str:
    return (
        f"The language model {model} answered without a choice. Check that OPENAI_BASE_URL names a server that speaks "
        "OpenAI's chat completions."
    )


def _wait_seconds(error: openai.OpenAIError, attempt: int) -> float | None:
    """How long to wait before the next attempt, with jitter; None when another one cannot help."""
    if isinstance(error, openai.APIStatusError):
        if error.code == "insufficient_quota" or not (error.status_code in (408, 409, 429) or error.status_code >= 500):
            return None
        if (asked := _retry_after(error)) is not None:
            return asked if asked <= _MAX_WAIT_SECONDS else None
    elif not isinstance(error, openai.APIConnectionError):
        return None
    ceiling = min(_MAX_WAIT_SECONDS, _BACKOFF_SECONDS * 2 ** (attempt - 1))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311 - jitter, not a secret


def _retry_after(error: openai.APIStatusError) -> float | None:
    try:
        return max(0.0, float(error.response.headers["retry-after"]))
    except (KeyError, ValueError):
        return None


def _explain(error: openai.OpenAIError, attempts: int) -> str:
    """What happened and what to do; the server's own words stay in the exception's cause, for the log."""
    tried = f" after {attempts} attempts" if attempts > 1 else ""
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return "The language model refused the key. Check OPENAI_API_KEY and, if set, OPENAI_BASE_URL."
    if isinstance(error, openai.NotFoundError):
        return "The language model is unknown to the server. Check GPT_MODEL and, if set, OPENAI_BASE_URL."
    if isinstance(error, openai.APITimeoutError):
        return f"The language model did not answer in time{tried}. Try again."
    if isinstance(error, openai.APIConnectionError):
        return f"The language model cannot be reached{tried}. Check the network and, if set, OPENAI_BASE_URL."
    if isinstance(error, openai.APIStatusError):
        if error.code == "insufficient_quota":
            return "The account of the language model has no quota left. Check its billing."
        return f"The language model answered with HTTP {error.status_code}{tried}. Try again later."
    return f"The language model's answer could not be read{tried}. Check OPENAI_BASE_URL."
