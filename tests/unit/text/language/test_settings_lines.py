from __future__ import annotations

import pytest

from portfolio_rag.text.language.settings_lines import is_settings, opens_section, setting, title_of_settings


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("port: 8643   # was 8443", ("port", "8643")),
        ('  version = "13.2"', ("version", "13.2")),
        ("- name: billing", ("name", "billing")),
        ("listen:", ("listen", "")),
        ("PATH=/opt/bin", ("PATH", "/opt/bin")),
        ("colour = #ff0000", ("colour", "#ff0000")),
        ("listen:  # in turn", ("listen", "")),
        ("url: http://a.example/#top", ("url", "http://a.example/#top")),
        ("# port: 8643", None),
        ("[targets.lamp]", None),
        ("Wait for an hour, then: stop", None),
    ],
)
def test_the_name_and_the_value_of_a_setting(line: str, expected: tuple[str, str] | None) -> None:
    assert setting(line) == expected


def test_what_opens_a_section() -> None:
    assert [opens_section(line) for line in ("[lamp]", "listen:", "port: 1", "# note", "- north")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "is_code", "expected"),
    [
        ("port: 1\nhost: a", True, True),
        ("port: 1\nhost: a", False, False),
        ("[lamp]\nvolts = 12", False, True),
        ("regions:\n  - north\n  - south\n# all of them", True, True),
        ("port = 1\nThis is prose.", True, False),
        ("def go():\n    return 1", True, False),
        ("port = 1", False, False),
    ],
)
def test_settings_are_told_from_prose_and_from_other_code(text: str, is_code: bool, expected: bool) -> None:
    assert is_settings(text, is_code=is_code) is expected


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Settings of the relay\n\nport: 1\nhost: a", "Settings of the relay"),
        ("; Lamps #\n[lamp]\nvolts = 12", "Lamps"),
        ("# Read at the start.\nport: 1\nhost: a", ""),
        ("# One\n# Two\nport: 1\nhost: a", ""),
        ("# Notes\nWe met at noon.", ""),
        ("# SPDX-License-Identifier: MIT\nport: 1\nhost: a", ""),
        ("# Copyright 2026 The Relay Company\nport: 1\nhost: a", ""),
    ],
)
def test_a_comment_of_one_line_is_the_title_of_the_settings_below_it(text: str, title: str) -> None:
    assert title_of_settings(text) == title
