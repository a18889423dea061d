#!/usr/bin/env bash
# icalendar 7.3.2 (PyPI, CPython 3.11) writes a backslash that stands before a capital N as a line end.
#
# Behaviour: the description "Log in as ACME\Nora" is written so that icalendar itself and vobject 0.9.9 read
# "Log in as ACME", a line end, and "ora". "ACME\nora" and "ACME\Otto" come back as they were. There is no error.
# Reason: before it escapes anything, the writer replaces backslash and N by a backslash and n, which leaves the pair as
# the format's sign for a line end instead of a backslash that is to be doubled (parser/string.py).
# Expected: "ACME\\Nora" in the file, as RFC 5545, 3.3.11 asks for each backslash of a text, and the same text when it is
# read. A file that has it so is read rightly, and turns wrong as soon as icalendar has read and written it.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet icalendar==7.3.2 vobject==0.9.9

cat > "$folder/check.py" <<'PYTHON'
from datetime import UTC, datetime
from importlib.metadata import version

import vobject
from icalendar import Calendar, Event


def written(text: str) -> bytes:
    """A calendar with one event of this description."""
    event = Event()
    event.add("uid", "1@example.org")
    for name in ("dtstamp", "dtstart"):
        event.add(name, datetime(2026, 1, 5, 9, tzinfo=UTC))
    event.add("description", text)
    calendar = Calendar()
    calendar.add("prodid", "-//example//findings//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return calendar.to_ical()


def by_icalendar(file: bytes) -> str:
    return str(Calendar.from_ical(file).walk("VEVENT")[0]["description"])


def by_vobject(file: bytes) -> str:
    return vobject.readOne(file.decode()).vevent.description.value


print(f"icalendar {version('icalendar')}, vobject {version('vobject')}")
for text in (r"Log in as ACME\nora", r"Log in as ACME\Otto", "Two\nlines", r"Log in as ACME\Nora"):
    file = written(text)
    read = by_icalendar(file), by_vobject(file)
    print(f"{text!r} is read as {read[0]!r} and {read[1]!r}")
    if text != r"Log in as ACME\Nora":
        assert read == (text, text), "the calendar itself is not what it should be"
    else:
        assert read == ("Log in as ACME\nora",) * 2, "changed: the name comes back as it was"

sound = written("NAME").replace(b"DESCRIPTION:NAME", rb"DESCRIPTION:Log in as ACME\\Nora")
assert by_icalendar(sound) == by_vobject(sound) == r"Log in as ACME\Nora", "the calendar itself is not what it should be"
again = Calendar.from_ical(sound).to_ical()
print(f"read and written again: {by_vobject(again)!r}")
assert by_vobject(again) == "Log in as ACME\nora", "changed: reading and writing keeps the name"
print(r"As described: ACME\Nora is written as a line end and 'ora'.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
