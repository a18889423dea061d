"""Invitations in a mail (iCalendar, RFC 5545): what takes place, when, where and with whom."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_EVENTS = 100

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"(?:[\w.-]+\.)?([\w-]+)((?:;[\w-]+=(?:\"[^\"]*\"|[^\";:]*))*):(.*)")
_COMMON_NAME = re.compile(r";CN=(?:\"([^\"]*)\"|([^\";:]*))", re.IGNORECASE)
_ZONE = re.compile(r";TZID=\"?([^\";:]*)", re.IGNORECASE)
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ESCAPED = re.compile(r"\\([nN,;\\])")
_LABELS = {
    "SUMMARY": "Event",
    "DTSTART": "Start",
    "DTEND": "End",
    "RRULE": "Repeats",
    "LOCATION": "Location",
    "ORGANIZER": "Organizer",
    "ATTENDEE": "Attendees",
    "STATUS": "Status",
}
"""What is said of an event, in this order."""


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """`text` is a line for each thing that is said of it but for its description."""

    text: str
    description: str


def events_of(calendar: str) -> list[CalendarEvent]:
    """The first MAX_EVENTS events of a calendar, in order."""
    events: list[CalendarEvent] = []
    inside: list[str] = []
    values: dict[str, list[str]] = {}
    for line in _FOLD.sub("", calendar).splitlines():
        match = _LINE.fullmatch(line.strip())
        if match is None:
            continue
        name, parameters, value = match[1].upper(), match[2], match[3]
        if name == "BEGIN":
            inside.append(value.upper())
            values = {} if value.upper() == "VEVENT" else values
        elif name == "END":
            if inside and inside.pop() == "VEVENT" and len(events) < MAX_EVENTS:
                events.append(_event(values))
        elif inside and inside[-1] == "VEVENT":  # and not in an alarm of it
            values.setdefault(name, []).append(_said(name, parameters, value))
    return events


def _event(values: dict[str, list[str]]) -> CalendarEvent:
    lines = [f"{label}: {', '.join(filter(None, values[name]))}" for name, label in _LABELS.items() if name in values]
    return CalendarEvent("\n".join(lines), "\n".join(values.get("DESCRIPTION", ())))


def _said(name: str, parameters: str, value: str) -> str:
    if name in ("ORGANIZER", "ATTENDEE"):
        address = re.sub(r"^mailto:", "", value, flags=re.IGNORECASE)
        named = _COMMON_NAME.search(parameters)
        common = "" if named is None else (named[1] or named[2] or "").strip()
        return f"{common} <{address}>" if common and common != address else address
    moment = _MOMENT.fullmatch(value.strip())
    if moment is None:
        return _ESCAPED.sub(lambda sign: "\n" if sign[1] in "nN" else sign[1], value).strip()
    year, month, day, hour, minute, is_utc = moment.groups()
    zone = _ZONE.search(parameters)
    at = f" {hour}:{minute}" if hour else ""
    of = " UTC" if is_utc else f" ({zone[1]})" if zone is not None and at else ""
    return f"{year}-{month}-{day}{at}{of}"
