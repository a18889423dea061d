"""`rag logs --document`: one document's way through all functions, from the JSON lines that name it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from portfolio_rag.adapters.aws.clients import AwsClients, translated
from portfolio_rag.cli.documents import document_id_of
from portfolio_rag.cli.output import print_json, screen
from portfolio_rag.cli.terminal import escape, escape_line
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.functions import discover
from portfolio_rag.settings.environment import Settings

_FUNCTION = re.compile(r"\[([a-z-]+)\] ")
_ROTATED = re.compile(r"(?P<name>.+)\.log(?:\.\d+)?")
_KNOWN = frozenset({"timestamp", "levelname", "message", "document_id", "name"})
_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}
_API_GROUPS = "/ecs/portfolio-api"


@dataclass(frozen=True, slots=True)
class Event:
    """A line about the document. `time` is UTC, `source` the function or the process, `fields` what else it says."""

    time: datetime
    source: str
    level: str
    message: str
    fields: Mapping[str, Any]


def show(name: str, *, on_aws: bool, days: int, as_json: bool = False) -> None:
    """Print the timeline of the document `name`, its id or its path; `days` bounds the search on AWS."""
    config = StackConfig.load()
    document_id = document_id_of(name, config)
    if on_aws:
        functions = [function.name for function in discover(config.project / "images")]
        logs = AwsClients(Settings.from_env(os.environ))("logs")
        found = from_cloudwatch(logs, functions, document_id, since=datetime.now(UTC) - timedelta(days=days))
    else:
        found = from_files(config.logs_dir, document_id)
    events = sorted(found, key=lambda event: event.time)
    if as_json:
        print_json({"document_id": document_id, "events": [_as_object(event) for event in events]})
        return
    console = screen()
    for event in events:
        console.print(_rendered(event), highlight=False, soft_wrap=True)
    if not events:
        console.print(f"No line of the logs is about {document_id}. `rag show {document_id}` says where it stands.")


def from_files(folder: Path, document_id: str) -> Iterator[Event]:
    """From the local stack's logs, those that were rotated included. Their times are this machine's."""
    for path in folder.iterdir() if folder.is_dir() else ():
        log = _ROTATED.fullmatch(path.name)
        if log is None:
            continue
        with path.open(encoding="utf-8", errors="replace") as stream:
            for line in stream:
                event = parse(line, document_id, source=log["name"])
                if event is not None:
                    yield event


def from_cloudwatch(logs: Any, functions: Iterable[str], document_id: str, *, since: datetime) -> Iterator[Event]:
    """From CloudWatch Logs: the groups of the functions and of the API, whatever suffix the deployment has."""
    prefixes = [f"/aws/lambda/{function}" for function in functions]
    for group in _groups(logs, [*prefixes, _API_GROUPS]):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=f'"{document_id}"', startTime=int(since.timestamp() * 1000)
        )
        with translated(f"Logs of {group}"):
            for page in pages:
                for entry in page["events"]:
                    moment = datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)
                    event = parse(entry["message"], document_id, source=group.rpartition("/")[2], time=moment)
                    if event is not None:
                        yield event


def _groups(logs: Any, prefixes: Iterable[str]) -> list[str]:
    names: dict[str, None] = {}
    with translated("Log groups"):
        for prefix in prefixes:
            for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
                names |= dict.fromkeys(group["logGroupName"] for group in page["logGroups"])
    return list(names)


def parse(line: str, document_id: str, *, source: str, time: datetime | None = None) -> Event | None:
    """The event of a line; None where the line is not about the document, or no JSON object."""
    if document_id not in line:
        return None
    start = line.find("{")
    try:
        entry = json.loads(line[start:])
    except ValueError:
        return None
    if start < 0 or entry.get("document_id") != document_id:
        return None
    moment = time or _moment(str(entry.get("timestamp", "")))
    if moment is None:
        return None
    function = _FUNCTION.match(line)
    return Event(
        time=moment,
        source=function[1] if function else source,
        level=str(entry.get("levelname", "INFO")),
        message=str(entry.get("message", "")),
        fields={name: value for name, value in entry.items() if name not in _KNOWN},
    )


def _moment(text: str) -> datetime | None:
    """A time as our formatter writes it, in this machine's zone unless it names one."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def _as_object(event: Event) -> dict[str, Any]:
    return {
        "time": event.time.isoformat(timespec="milliseconds"),
        "source": event.source,
        "level": event.level,
        "message": event.message,
        "fields": event.fields,
    }


def _rendered(event: Event) -> str:
    time = f"{event.time:%Y-%m-%d %H:%M:%S}.{event.time.microsecond // 1000:03d}"
    fields = " ".join(f"{name}={_value(value)}" for name, value in event.fields.items())
    colour = _COLOURS.get(event.level)
    message = f"[{colour}]{escape(event.message)}[/{colour}]" if colour else escape(event.message)
    return f"{time}  {escape_line(event.source):<20}  {message}  [dim]{escape_line(fields)}[/dim]".rstrip()


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
