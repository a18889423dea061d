"""The language model behind Amazon Bedrock's Converse, for whichever of its chat models the account may use."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ReadTimeoutError

from portfolio_rag.adapters.aws.clients import error_code
from portfolio_rag.adapters.models.openai import LONGER_ANSWER_TOKENS, MAX_ANSWER_TOKENS
from portfolio_rag.domain.answers import FinishReason
from portfolio_rag.domain.errors import LanguageModelUnavailable
from portfolio_rag.ports.language_model import ChatCompletion

READ_SECONDS = 20
"""For one read of an answer, and the connection's own tries come on top: a person waits."""
ATTEMPTS = 2
"""By boto3's standard retries, in all: throttling and errors of the server, before the first piece."""

_log = logging.getLogger(__name__)

_FINISH_REASONS: Mapping[str, FinishReason] = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "content_filtered": FinishReason.CONTENT_FILTER,
    "guardrail_intervened": FinishReason.CONTENT_FILTER,
}
_BROKE_OFF = "The language model's answer broke off. Try again."


class BedrockModel:
    """`client` is boto3's of bedrock-runtime, `model` says with each call which one to ask, by its Bedrock id.

    The role needs bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream on the model.
    """

    def __init__(self, client: Any, model: Callable[[], str]) -> None:
        self._client = client
        self._model = model

    def complete(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float, schema: Mapping[str, Any] | None = None
    ) -> ChatCompletion:
        """One answer. Raises LanguageModelUnavailable."""
        completion = self._once(messages, temperature, MAX_ANSWER_TOKENS, schema)
        if completion.finish_reason is not FinishReason.LENGTH:
            return completion
        try:
            longer = self._once(messages, temperature, LONGER_ANSWER_TOKENS, schema)
        except LanguageModelUnavailable as error:
            # The model may have no room for a longer answer; the cut one is there.
            _log.warning("A longer answer could not be had, the first was cut at its limit: %s", error)
            return completion
        return replace(
            longer,
            prompt_tokens=completion.prompt_tokens + longer.prompt_tokens,
            completion_tokens=completion.completion_tokens + longer.completion_tokens,
        )

    def stream(
        self, messages: Sequence[Mapping[str, str]], *, temperature: float
    ) -> Generator[str | ChatCompletion, None, None]:
        """The pieces as they come, and the whole at the end. Raises LanguageModelUnavailable, also amid the pieces."""
        asked = self._model()
        text, reason = "", FinishReason.INCOMPLETE
        usage: Mapping[str, Any] = {}
        try:
            answer = self._client.converse_stream(**_request(asked, messages, temperature, MAX_ANSWER_TOKENS))
            with closing(answer["stream"]) as events:
                for event in events:
                    if piece := event.get("contentBlockDelta", {}).get("delta", {}).get("text"):
                        text += piece
                        yield piece
                    if stopped := event.get("messageStop"):
                        reason = _finish_reason(stopped.get("stopReason"))
                    usage = event.get("metadata", {}).get("usage") or usage
        except (BotoCoreError, ClientError) as error:
            raise LanguageModelUnavailable(_BROKE_OFF if text else _explain(error, asked)) from error
        yield _completion(text, asked, usage, reason)

    def _once(
        self,
        messages: Sequence[Mapping[str, str]],
        temperature: float,
        max_tokens: int,
        schema: Mapping[str, Any] | None,
    ) -> ChatCompletion:
        asked = self._model()
        request = _request(asked, messages, temperature, max_tokens)
        try:
            try:
                answer = self._client.converse(**request, **_output_config(schema))
            except ClientError as error:
                # Not every model follows a schema: the prompt asks for the form too.
                if schema is None or error_code(error) != "ValidationException":
                    raise
                answer = self._client.converse(**request)
        except (BotoCoreError, ClientError) as error:
            raise LanguageModelUnavailable(_explain(error, asked)) from error
        blocks = answer["output"].get("message", {}).get("content", [])
        text = "".join(block.get("text", "") for block in blocks)
        return _completion(text, asked, answer.get("usage", {}), _finish_reason(answer.get("stopReason")))


def _request(model: str, messages: Sequence[Mapping[str, str]], temperature: float, max_tokens: int) -> dict[str, Any]:
    system = [{"text": message["content"]} for message in messages if message["role"] == "system"]
    said = [
        {"role": message["role"], "content": [{"text": message["content"]}]}
        for message in messages
        if message["role"] != "system"
    ]
    return {
        "modelId": model,
        "messages": said,
        **({"system": system} if system else {}),
        "inferenceConfig": {"maxTokens": max_tokens, "temperature": temperature},
    }


def _output_config(schema: Mapping[str, Any] | None) -> dict[str, Any]:
    if schema is None:
        return {}
    form = {"jsonSchema": {"name": "reply", "schema": json.dumps(schema)}}
    return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": form}}}


def _completion(text: str, model: str, usage: Mapping[str, Any], reason: FinishReason) -> ChatCompletion:
    return ChatCompletion(
        text=text,
        model=model,
        prompt_tokens=usage.get("inputTokens", 0),
        completion_tokens=usage.get("outputTokens", 0),
        finish_reason=reason,
    )


def _finish_reason(said: str | None) -> FinishReason:
    """What Bedrock says of the end; a reason that is not known here is none of a whole answer."""
    return _FINISH_REASONS.get(said or "", FinishReason.INCOMPLETE)


def _explain(error: BotoCoreError | ClientError, model: str) -> str:
    """What happened and what to do; AWS's own words stay in the exception's cause, for the log."""
    if isinstance(error, ClientError):
        match error_code(error):
            case "AccessDeniedException":
                return (
                    f"Amazon Bedrock refused the model {model}. Allow the role bedrock:InvokeModel and "
                    "bedrock:InvokeModelWithResponseStream on it, and ask for access to the model in Bedrock's console."
                )
            case "ResourceNotFoundException" | "ValidationException":
                return (
                    f"Amazon Bedrock does not answer with the model {model}. Check BEDROCK_MODEL and the region: some "
                    "models are reached by an inference profile only, such as us.amazon.nova-lite-v1:0."
                )
            case "ThrottlingException":
                return "Amazon Bedrock has more to do than your quota allows. Try again later."
        return "Amazon Bedrock could not answer. Try again later."
    if isinstance(error, NoCredentialsError):
        return "There are no AWS credentials for Amazon Bedrock. Give the API a role, or AWS_PROFILE."
    if isinstance(error, ReadTimeoutError):
        return "The language model did not answer in time. Try again."
    return "Amazon Bedrock cannot be reached. Check the network and the region."
