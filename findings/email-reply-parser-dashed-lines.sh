#!/usr/bin/env bash
# email-reply-parser 0.5.12 (PyPI, CPython 3.11): from a paragraph that begins with a hyphen and a letter or digit on,
# the reply is gone.
#
# Behaviour: of "It froze in the hall. / -5 degrees at six. / Please close the valve.", three paragraphs, parse_reply
# gives the first. "Please send: / -two valves / -one pump / Do not send the hose." becomes "Please send:", and "Run the
# job with / --force / and not before Monday." becomes "Run the job with". The rest counts as the signature, however
# long it is.
# Reason: a paragraph that begins so, or with two hyphens, is taken for the beginning of a signature, and a signature
# goes on to the end or to the quoted mail. The documentation says that the last reply is given, and nothing of such
# lines; with a blank behind the hyphen, as in "- two valves", the text is whole.
# Expected: the whole text, which quotes nothing, as latest_reply of mail-parser-reply 1.36 gives it. The sign for a
# signature is a line of two hyphens and a blank (RFC 3676, 4.3).
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet email-reply-parser==0.5.12 mail-parser-reply==1.36

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

import email_reply_parser
import mailparser_reply

QUOTE = "\n\nOn Mon, 5 Jan 2026 at 09:12, Bo Lind <bo@example.org> wrote:\n\n> What shall we do?\n"
SOUND = ["Please send:\n\n- two valves\n- one pump\n\nDo not send the hose.", "It froze.\n\nClose the valve."]
CASES = [
    ("It froze in the hall.\n\n-5 degrees at six.\n\nPlease close the valve.", "It froze in the hall."),
    ("Please send:\n\n-two valves\n-one pump\n\nDo not send the hose.", "Please send:"),
    ("Run the job with\n\n--force\n\nand not before Monday.", "Run the job with"),
]


def reply(mail: str) -> str:
    return email_reply_parser.EmailReplyParser.parse_reply(mail)


def witness(mail: str) -> str:
    return mailparser_reply.EmailReplyParser(languages=["en"]).read(mail).latest_reply


print(f"email-reply-parser {version('email-reply-parser')}, mail-parser-reply {version('mail-parser-reply')}")
for text in SOUND:
    assert reply(text) == reply(text + QUOTE) == witness(text + QUOTE) == text, f"the mail is not sound: {text!r}"

for text, expected in CASES:
    assert witness(text) == witness(text + QUOTE) == text, "mail-parser-reply leaves out something, too"
    seen = reply(text), reply(text + QUOTE)
    print(f"{text!r}: {seen[0]!r}, with a quotation behind it {seen[1]!r}")
    assert seen == (expected, expected), f"changed: {seen}"
print("As described: all from the line with the hyphen on is gone.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
