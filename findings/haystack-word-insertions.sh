#!/usr/bin/env bash
# haystack-ai 3.4.1 (PyPI, CPython 3.11, with python-docx 1.2.0): DOCXToDocument leaves out what was inserted with tracked
# changes, and what is in content controls.
#
# Behaviour: "The rent is 700 euros", where 700 replaces 900 as a tracked change, comes as "The rent is  euros": neither
# number is there. A paragraph in a content control, as each form and most templates have them, is not there at all; within
# a line the same happens to the field alone. There is no error or warning, and the document is otherwise whole.
# Reason: python-docx gives as a paragraph's text its runs and links, and as a body's content its own paragraphs and tables;
# what w:ins and w:sdt wrap is neither (upstream issue 155 of python-docx, on content controls, open since 2015).
# Expected: the text that Word shows, as mammoth 1.13.0 and docx2txt 0.9 give it for the same file.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet haystack-ai==3.4.1 python-docx==1.2.0 mammoth==1.13.0 docx2txt==0.9

cat > "$folder/check.py" <<'PYTHON'
import sys
from importlib.metadata import version

import docx
import docx2txt
import mammoth
from docx.oxml import parse_xml
from haystack.components.converters import DOCXToDocument

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
CHANGE = 'w:author="Editor" w:date="2026-01-01T00:00:00Z"'


def run(text: str, element: str = "t") -> str:
    return f'<w:r><w:{element} xml:space="preserve">{text}</w:{element}></w:r>'


def control(content: str) -> str:
    return f"<w:sdt {W}><w:sdtPr><w:text/></w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"


BLOCKS = [
    f"<w:p {W}>{run('The rent is ')}<w:del w:id='1' {CHANGE}>{run('900', 'delText')}</w:del>"
    f"<w:ins w:id='2' {CHANGE}>{run('700')}</w:ins>{run(' euros.')}</w:p>",
    f"<w:p {W}>{run('The tenant is ')}{control(run('Ms Berg'))}{run('.')}</w:p>",
    control(f"<w:p>{run('Pets are allowed.')}</w:p>"),
    f"<w:p {W}>{run('Both have signed.')}</w:p>",
]
SHOWN = ["The rent is 700 euros.", "The tenant is Ms Berg.", "Pets are allowed.", "Both have signed."]
LEFT = ["The rent is  euros.", "The tenant is .", "Both have signed."]

file = sys.argv[1]
document = docx.Document()
for block in BLOCKS:
    document.element.body.insert(-1, parse_xml(block))
document.save(file)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


with open(file, "rb") as stream:
    by_mammoth = lines(mammoth.extract_raw_text(stream).value)
by_docx2txt = lines(docx2txt.process(file))
seen = lines(DOCXToDocument().run([file])["documents"][0].content)
print(f"mammoth {version('mammoth')}: {by_mammoth}\ndocx2txt {version('docx2txt')}: {by_docx2txt}")
print(f"haystack-ai {version('haystack-ai')}, python-docx {version('python-docx')}: {seen}")
assert by_mammoth == by_docx2txt == SHOWN, "the file itself is not what it should be"
assert seen == LEFT, f"changed: {seen}"
print("As described: the insertion and the content controls are not in the text.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/lease.docx"
