from __future__ import annotations

import pytest

from portfolio_rag.answering.grounding.addresses import REMOVED, addresses, holds, without_addresses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://evil.example/a?q=1.", "https://evil.example/a?q=1"),
        ("see HTTP://EVIL.EXAMPLE", "HTTP://EVIL.EXAMPLE"),
        ("see www.evil.example", "www.evil.example"),
        ("see evil.example/path now", "evil.example/path"),
        ("see evil.example:8080, now", "evil.example:8080"),
        ("//evil.example/x", "//evil.example/x"),
        ("\\\\evil.example\\x", "\\\\evil.example\\x"),
        ("ftp://evil.example", "ftp://evil.example"),
        ("s3://bucket/key", "s3://bucket/key"),
        ("mailto:me@evil", "mailto:me@evil"),
        ("write to me@evil.example", "me@evil.example"),
        ("javascript:alert(1)//x", "javascript:alert(1)//x"),
        ("data:text/html;base64,AAAA", "data:text/html;base64,AAAA"),
        ("tel:+4912345", "tel:+4912345"),
        ("http://2130706433/x", "http://2130706433/x"),
        ("http://[::1]/x", "http://[::1]/x"),
        ("10.0.0.1/admin", "10.0.0.1/admin"),
        ("localhost:8000/x", "localhost:8000/x"),
        ("xn--80ak6aa92e.com", "xn--80ak6aa92e.com"),
        ("see evil.xn--p1ai", "evil.xn--p1ai"),
        ("пример.рф", "пример.рф"),
        ("💩.la", "💩.la"),
        ("ev\u00adil.exam\u00adple", "evil.example"),
        ("ev\u200bil.example", "evil.example"),
        ("ev\u200dil\u2060.example", "evil.example"),
        ("evil\ufe0f.example", "evil.example"),
        ("evil．example", "evil.example"),
        ("evil。example", "evil.example"),
        ("ｈｔｔｐｓ://evil.example", "https://evil.example"),
        ("get evil.js/x now", "evil.js/x"),
        ("get evil.js:80 now", "evil.js:80"),
        ("see https://evil.js", "https://evil.js"),
        ("see www.evil.zip", "www.evil.zip"),
        ("see ASP.NET", "ASP.NET"),
        ("Flag: --query.max-samples | Default: 5", "--query.max-samples"),
        ("--storage.agent.retention.max-time=4h", "--storage.agent.retention.max-time"),
        ("see evil.example-x/path now", "evil.example-x/path"),
    ],
)
def test_an_address_is_found_however_it_is_written(text: str, found: str) -> None:
    assert addresses(text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "Messages stay 4.5 days, e.g. in queues; z.B. in U.S. regions at 10 a.m.",
        "The ratio is 3:1 and s3:GetObject is allowed, and/or 1/2.",
        "Version 2.11 of .env and .NET 8; see section 3.b: note:this",
        "arn:aws:sqs:us-east-1:123456789012:queue",
        "保留4天。之后删除。",
        "Node.js 18 reads settings.yaml and app.test.ts; Vue.js does not (see build.log).",
    ],
)
def test_what_is_none(text: str) -> None:
    assert addresses(text) == []


@pytest.mark.parametrize(
    ("source", "address", "held"),
    [
        ("See https://a.example/x/y.", "https://a.example/x/y", True),
        ("See (https://a.example/x/y/).", "https://a.example/x/y", True),
        ("See https://a.example/x/y.", "a.example/x/y", True),
        ("See https://a.example/x/y.", "https://a.example/x", False),
        ("See https://a.example/x/y.", "https://a.example/x/y/z", False),
        ("See https://a.example/x/y.", "http://a.example/x/y", False),
        ("See https://a.example/x?q=1.", "https://a.example/x", False),
        ("See https://b.example/a.example/x.", "a.example/x", False),
        ("See https://a.example/X.", "https://a.example/x", False),
        ("Runs on Acme.io 18.", "acme.io", True),
        ("Open src/config.sh first.", "config.sh", True),
        ("Open src/config.sh first.", "my-config.sh", False),
        ("Mail to me@a.example.", "me@a.example", True),
        ("Mail to some-me@a.example.", "me@a.example", False),
        ("Mail to me@a.example.", "a.example", True),
        ("No address.", "a.example", False),
        ("Set --query.max-samples to 5.", "--query.max-samples", True),
        ("Set --query.max-samples to 5.", "query.max-samples", False),
        ("Set --query.max-samples to 5.", "--query.max", False),
        ("See a.example.", "a.example-x", False),
    ],
)
def test_a_source_holds_the_very_address(source: str, address: str, held: bool) -> None:
    assert holds(source, address) is held


def test_what_is_not_to_be_kept_is_removed() -> None:
    text = "See https://a.example/x, or ev\u00adil.example."
    assert without_addresses(text) == f"See {REMOVED}, or {REMOVED}."
    assert without_addresses(text, frozenset(["https://a.example/x"])) == f"See https://a.example/x, or {REMOVED}."
    assert without_addresses("x\u00ady") == "x\u00ady"


def test_a_setting_with_dots_and_hyphens_is_kept_where_the_source_holds_it() -> None:
    flag = "Flag: --alertmanager.notification-batch-size | Default: 256"
    kept = frozenset(address for address in addresses(flag) if holds(flag, address))
    assert without_addresses(flag, kept) == flag
