"""Mails: fields, texts, threads, messages inside, files beside."""

from __future__ import annotations

import base64
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction import serialisation
from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.formats.mail import MAX_ATTACHMENTS
from tests.support.office import mail

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]
HEAD = "From: Ana <ana@example.org>\r\nTo: bob@example.org\r\nSubject: Pumps\r\n"


def test_structure(read: Read, blocks_of: BlocksOf) -> None:
    extracted = read(mail("Hello Bob,\n\nthe offer stands.\n", {"a.md": b"# A"}, subject="Prix für März"), "a.eml")
    assert extracted.file_type == "eml"
    assert extracted.title == "Prix für März"
    assert extracted.attributes == {
        "from": ["ana@example.org"],
        "to": ["bob@example.org"],
        "date": "2026-03-03T10:15:00+01:00",
        "subject": "Prix für März",
    }
    assert blocks_of(extracted) == [
        ("heading", "Prix für März"),
        (
            "paragraph",
            "From: Ana Ruiz <ana@example.org>\nTo: bob@example.org\nDate: Tue, 03 Mar 2026 10:15:00 +0100\n"
            "Subject: Prix für März\nAttachments: a.md",
        ),
        ("paragraph", "Hello Bob,"),
        ("paragraph", "the offer stands."),
    ]


def test_threads(read: Read) -> None:
    body = """Yes, tomorrow.

On Mon, 2 Mar 2026 at 09:00, Bob Ek
<bob@example.org> wrote:

> When?
>
> Am 1. März 2026 um 08:00 schrieb Ana:
>
>> We ship soon.
>>
>> -----Original Message-----
>> From: Cy
>> Sent: Sunday
>> To: Ana
>> Subject: ships
>>
>> Do you ship?
"""
    extracted = read(HEAD + "\r\n" + body, "a.eml")
    by_heading = {
        block.heading_path[-1]: extracted.text[block.start : block.end]
        for block in extracted.blocks
        if block.kind != "heading"
    }
    assert by_heading == {
        "Pumps": "Yes, tomorrow.",
        "On Mon, 2 Mar 2026 at 09:00, Bob Ek <bob@example.org> wrote": "When?",
        "Am 1. März 2026 um 08:00 schrieb Ana": "We ship soon.",
        "Message from Cy, Sunday": "Do you ship?",
    }
    assert {len(block.heading_path) for block in extracted.blocks} == {1, 2}


def test_answers_between_quotations_stay_between_them(read: Read) -> None:
    text = read(
        HEAD + "\r\nOn Monday, Bob Ek wrote:\n\n> How deep?\n\nNine metres.\n\n> How wide?\n\nFive.\n", "a.eml"
    ).text
    assert text.endswith("On Monday, Bob Ek wrote:\n\n> How deep?\n\nNine metres.\n\n> How wide?\n\nFive.")


def test_flowed_lines_are_joined(read: Read) -> None:
    flowed = "Content-Type: text/plain; format=flowed\r\n\r\nOne long \r\nsentence.\r\nNext line.\r\n"
    assert read(HEAD + flowed, "a.eml").text.endswith("One long sentence.\nNext line.")


def test_plain_text_before_markup_unless_it_is_a_hint(read: Read) -> None:
    full, hint, part = EmailMessage(), EmailMessage(), EmailMessage()
    for message, plain in ((full, "Plain words here."), (hint, "See HTML."), (part, "The coach leaves at 6.")):
        message["From"], message["Subject"], message["To"] = "a@example.org", "Both", "b@example.org"
        message.set_content(plain)
    full.add_alternative("<p>Marked up words</p>", subtype="html")
    hint.add_alternative(f"<h1>News</h1><p>{'many words ' * 20}</p>", subtype="html")
    assert read(full.as_bytes(), "a.eml").text.endswith("Plain words here.")
    extracted = read(hint.as_bytes(), "a.eml")
    assert "See HTML" not in extracted.text
    assert extracted.blocks[-1].heading_path == ("Both", "News")
    stops = "<table><tr><th>Stop<th>Time<tr><td>Tram depot<td>6:00<tr><td>Mill bridge<td>6:15</table>"
    part.add_alternative(f"<style>p {{}}</style><p>The coach leaves at 6.</p>{stops}", subtype="html")
    assert read(part.as_bytes(), "a.eml").text.endswith("Stop: Mill bridge | Time: 6:15")


@pytest.mark.parametrize(("charset", "encoding"), [("windows-874", "cp874"), ("unheard-of", "utf-8")])
def test_encodings_that_python_does_not_know(read: Read, charset: str, encoding: str) -> None:
    body = "กข words".encode(encoding)
    source = HEAD.encode() + f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + body
    assert "กข words" in read(source, "a.eml").text


def test_fields_with_raw_bytes(read: Read) -> None:
    assert (
        read("From: Jörg <j@example.org>\r\nTo: x\r\nSubject: Grüße\r\n\r\nHi".encode("cp1252"), "a.eml").title
        == "Grüße"
    )


def test_messages_inside_are_read_with_the_mail(read: Read) -> None:
    inner = mail("The inner words.", {"list.csv": b"a,b\n1,2\n"}, subject="Inner")
    outer = EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = "a@example.org", "b@example.org", "Fwd"
    outer.set_content("See below.")
    outer.add_attachment(inner, maintype="application", subtype="octet-stream", filename="old.eml")
    extracted = read(outer.as_bytes(), "a.eml")
    assert "The inner words." in extracted.text
    assert extracted.blocks[-1].heading_path == ("Fwd", "Inner")
    assert [attachment.name for attachment in extracted.attachments] == ["list.csv"]


def test_a_message_in_base64(read: Read) -> None:
    encoded = base64.encodebytes(mail("Words in base64.", subject="Encoded")).decode()
    source = (
        HEAD + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        f"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--b--\r\n"
    )
    extracted = read(source, "a.eml")
    assert "Words in base64." in extracted.text
    assert ("Pumps", "Encoded") in {block.heading_path for block in extracted.blocks}


def test_attachments(read: Read) -> None:
    files = {"../x/a.md": b"# A", "a.md": b"# Another", "b.metadata.json": b'{"a": 1}', "virus.exe": b"MZ\x00\x01" * 99}
    extracted = read(mail("Files.", files), "a.eml")
    assert [(one.name, one.data) for one in extracted.attachments] == [
        ("_x_a.md", b"# A"),
        ("a.md", b"# Another"),
        ("b_metadata.json", b'{"a": 1}'),
    ]
    (warning,) = extracted.warnings
    assert (warning.code, warning.parts) == ("PARTS_LEFT_OUT", ("virus.exe",))
    assert serialisation.loads(serialisation.dumps(extracted))[0] == extracted


def test_attachments_of_types_that_the_rules_leave_out(read: Read) -> None:
    extracted = read(
        mail("Files.", {"a.md": b"# A", "a.csv": b"a,b\n1,2"}), "a.eml", allowed_types=frozenset({"eml", "md"})
    )
    assert [attachment.name for attachment in extracted.attachments] == ["a.md"]
    assert extracted.warnings[0].parts == ("a.csv",)


def test_no_more_attachments_than_are_allowed(read: Read) -> None:
    extracted = read(mail("Files.", {f"{n}.md": b"# A" for n in range(MAX_ATTACHMENTS + 2)}), "a.eml")
    assert len(extracted.attachments) == MAX_ATTACHMENTS
    assert extracted.warnings[0].parts == ("100.md", "101.md")


def test_encrypted_mails(read: Read) -> None:
    source = (
        HEAD + "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIAGCSqGSIb3DQEHA6CAMIACAQAx\r\n"
    )
    with pytest.raises(DocumentRejected) as rejected:
        read(source, "a.eml")
    assert rejected.value.reason is FailureReason.ENCRYPTED


def test_messages_without_end(read: Read) -> None:
    data = mail("Innermost words.", subject="0")
    for depth in range(30):
        outer = EmailMessage()
        outer["From"], outer["To"], outer["Subject"] = "a@example.org", "b@example.org", str(depth + 1)
        outer.add_attachment(data, maintype="application", subtype="octet-stream", filename="m.eml")
        data = outer.as_bytes()
        if len(data) > 300_000:
            break
    extracted = read(data, "a.eml")
    assert "Innermost words." not in extracted.text
    assert [warning.code for warning in extracted.warnings] == ["PARTS_LEFT_OUT"]


def test_japanese_of_seven_bits(read: Read) -> None:
    body = "会議は三時に始まります。"
    head = f"{HEAD}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=ISO-2022-JP\r\n\r\n"
    assert body in read(head.encode() + body.encode("iso2022_jp"), "a.eml").text


def html_mail(body: str) -> str:
    return HEAD + f"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>{body}</body></html>"


QUOTED = "<div>On Mon, 2 Mar 2026 at 09:00, Bob Ek wrote:<br></div><blockquote><p>How deep?</p></blockquote>"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (f"<p>Nine metres.</p>{QUOTED}", ("Pumps", "On Mon, 2 Mar 2026 at 09:00, Bob Ek wrote")),
        (f"{QUOTED}<p>Nine metres.</p>", ("Pumps",)),
        (
            "<p>Nine.</p><p><b>From:</b> Bob Ek<br><b>Sent:</b> Monday<br><b>To:</b> Ana</p><p>How deep?</p>",
            ("Pumps", "Message from Bob Ek, Monday"),
        ),
    ],
)
def test_quotations_in_html(read: Read, body: str, path: tuple[str, ...]) -> None:
    document = read(html_mail(body), "a.eml")
    asked, told = (
        next(block for block in document.blocks if words in document.text[block.start : block.end])
        for words in ("How deep?", "Nine")
    )
    assert asked.heading_path == path
    assert told.heading_path == ("Pumps",)


INVITATION = """BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;TZID=Europe/Oslo:20260310T140000
DTEND:20260310T140000Z
SUMMARY:Pump
  test
LOCATION:Hall 9\\, gate 4
ORGANIZER;CN="Ek, Bob":mailto:bob@example.org
ATTENDEE:mailto:cy@example.org
ATTENDEE;CN=Di:MAILTO:di@example.org
DESCRIPTION:Bring boots.\\nAnd a lamp.
BEGIN:VALARM
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260401
SUMMARY:Holiday
END:VEVENT
END:VCALENDAR"""


def test_an_invitation_says_when_and_where(read: Read, blocks_of: BlocksOf) -> None:
    parts = f"--b\nContent-Type: text/plain\n\nPlease come.\n--b\nContent-Type: text/calendar\n\n{INVITATION}\n--b--\n"
    source = HEAD + "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" + parts
    document = read(source, "a.eml")
    assert blocks_of(document)[2:] == [
        ("paragraph", "Please come."),
        (
            "paragraph",
            "Event: Pump test\nStart: 2026-03-10 14:00 (Europe/Oslo)\nEnd: 2026-03-10 14:00 UTC\n"
            "Location: Hall 9, gate 4\nOrganizer: Ek, Bob <bob@example.org>\n"
            "Attendees: cy@example.org, Di <di@example.org>",
        ),
        ("paragraph", "Bring boots.\nAnd a lamp."),
        ("paragraph", "Event: Holiday\nStart: 2026-04-01"),
    ]
    assert not document.attachments
