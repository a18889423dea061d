"""Addresses in a text, with or without a scheme, and whether a source holds one."""

from __future__ import annotations

import re
import unicodedata

REMOVED = "[address removed]"

# Without these a viewer may still take what stands around them for one address.
_IGNORED = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
_WIDE_DOT = re.compile(r"(?<=[A-Za-z0-9])[。．｡](?=[A-Za-z0-9])")

_LABEL = r"[\w\u2190-\u2bff\U0001f000-\U0001faff-]{1,63}"
_FILE_TYPE_LIST = """
    bak bat bin bmp cfg cjs class conf config cpp css csv dat db dll doc docx ejs env exe gif gz hpp htm html ico ini
    ipynb jar jpeg jpg js json jsonl jsx kt less lock log lua mjs mp3 mp4 msi odt onnx orc parquet pdf
    pem php pkl png ppt pptx proto rb rpm rst rtf sass scala scss sql svg swift tar tex tfvars tgz tmp toml
    ts tsv tsx ttf txt vb vue war wasm wav webp whl xls xlsx xml xsd xsl yaml yml
"""
_FILE_TYPE = rf"(?:{'|'.join(_FILE_TYPE_LIST.split())})(?![\w:/?#\\@-])"
"""Endings of file and product names that are no top-level domains: `Node.js` and `settings.yaml` lead nowhere."""

_TOP_LEVEL = rf"(?!{_FILE_TYPE})(?:xn--[\w-]{{1,59}}|[^\W\d_]{{2,63}})(?!\w)(?!\.{_FILE_TYPE})"
_HOST = rf"(?:{_LABEL}\.){{1,12}}{_TOP_LEVEL}(?:-[\w.-]*\w)?"
"""With what a hyphen joins to it: `--query.max-samples` is looked for as a whole, and no host `query.max` in it."""
_IPV4 = r"\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)"
_REST = r"(?::\d+(?!\w))?(?:[/?#\\][^\s<>\"“”«»‹›]*)?"
_ADDRESS = re.compile(
    rf"""
      \b[a-z][a-z0-9+.-]{{1,30}}:[/\\]{{2}}[^\s<>"“”«»‹›]+        # any scheme with slashes
    | \b(?:https?|ftp|mailto|javascript|vbscript|data|blob|file|tel|sms|xmpp|news|magnet|view-source):
      [^\s<>"“”«»‹›]+                                             # schemes that need none
    | (?<![\w:])[/\\]{{2}}[^\s<>"“”«»‹›/\\]+{_REST}                # no scheme, but slashes
    | (?:[\w.+%-]{{1,64}}@)?(?<![\w-])(?:{_HOST}|{_IPV4}|(?<!\w)localhost(?=[:/])){_REST}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TRAILING = ".,;:!?)]}'\"’*_"
_BARE_HOST = re.compile(rf"(?:{_HOST}|{_IPV4})\Z", re.IGNORECASE)


def addresses(text: str) -> list[str]:
    """The addresses in order: with a scheme, of mail, or a host by itself (`acme.io`, and not `Node.js`)."""
    return [match.group().rstrip(_TRAILING) for match in _ADDRESS.finditer(_seen(text))]


def holds(source: str, address: str) -> bool:
    """Whether the source has that very address, and not only one that begins or ends with it.

    A host by itself may stand in a longer address too: it says nothing that the source does not. `source` is read as
    it is, `address` as `addresses` gives it.
    """
    seen = _seen(source)
    if _BARE_HOST.match(address):
        return re.search(rf"(?<![\w-]){re.escape(address)}(?![\w-])", seen, re.IGNORECASE) is not None
    # A slash at the end makes no other address.
    whole = rf"(?:(?<![\w@./:%-])|(?<=://)){re.escape(address)}/?(?![\w/?#&=%~+@-]|[.:,;]\w)"
    return re.search(whole, seen) is not None


def without_addresses(text: str, keep: frozenset[str] = frozenset()) -> str:
    """The text with `REMOVED` for each address that is not to be kept; as it was when there is none to remove."""
    if all(address in keep for address in addresses(text)):
        return text
    return _ADDRESS.sub(lambda match: _kept(match.group(), keep), _seen(text))


def _kept(found: str, keep: frozenset[str]) -> str:
    address = found.rstrip(_TRAILING)
    return found if address in keep else REMOVED + found[len(address) :]


def _seen(text: str) -> str:
    """The text as a browser reads addresses in it: compatible forms are one, and unseen characters are not there."""
    return unicodedata.normalize("NFKC", _WIDE_DOT.sub(".", _IGNORED.sub("", text)))
