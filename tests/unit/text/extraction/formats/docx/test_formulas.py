"""Formulas as linear text."""

from __future__ import annotations

import pytest
from lxml import etree

from portfolio_rag.text.extraction.formats.docx.formulas import linear
from tests.support.word import part


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def arguments(tag: str, properties: str = "", **children: str) -> str:
    inner = "".join(f"<m:{name}>{content}</m:{name}>" for name, content in children.items())
    return f"<m:{tag}>{f'<m:{tag}Pr>{properties}</m:{tag}Pr>' if properties else ''}{inner}</m:{tag}>"


def fraction(above: str, below: str, properties: str = "") -> str:
    return arguments("f", properties, num=run(above), den=run(below))


def delimited(*parts: str, properties: str = "") -> str:
    return f"<m:d><m:dPr>{properties}</m:dPr>{''.join(f'<m:e>{inner}</m:e>' for inner in parts)}</m:d>"


def cells(tag: str, *texts: str) -> str:
    return f"<m:{tag}>{''.join(f'<m:e>{run(text)}</m:e>' for text in texts)}</m:{tag}>"


def brackets(begin: str, end: str) -> str:
    return f'<m:begChr m:val="{begin}"/><m:endChr m:val="{end}"/>'


MATRIX = f"<m:m>{cells('mr', 'a', 'b')}{cells('mr', 'c', 'd')}</m:m>"
RAISED = arguments("sSup", e=run("x"), sup=run("2"))


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (run("s=") + fraction("qL", "8H"), "s=qL/(8H)"),
        (fraction("a+b", "2"), "(a+b)/2"),
        (fraction("1", "2") + run("x"), "1/2 x"),
        (run("2") + fraction("1", "2"), "2 1/2"),
        (fraction("n", "k", '<m:type m:val="noBar"/>'), "(n choose k)"),
        (delimited(fraction("n", "k", '<m:type m:val="noBar"/>')), "(n choose k)"),
        (arguments("f", num=RAISED, den=RAISED), "x^2/x^2"),
        (arguments("sSup", e=run("10"), sup=run("4")), "10^4"),
        (arguments("sSup", e=run("e"), sup=run("−t")), "e^(−t)"),
        (arguments("sSup", e=delimited(run("a+b")), sup=run("2")), "(a+b)^2"),
        (arguments("sSup", e=run("a+b"), sup=run("2")), "(a+b)^2"),
        (arguments("sSup", e=run("f"), sup=run("′")), "f′"),
        (arguments("sSup", e=run("90"), sup=run("∘")), "90°"),
        (run("3") + arguments("sSup", e=run("x"), sup=run("k")) + run("a"), "3x^k a"),
        (run("a") + arguments("func", fName=run("cos"), e=run("x")), "a cos x"),
        (arguments("sSub", e=run("v"), sub=run("max")), "v_max"),
        (arguments("sSubSup", e=run("x"), sub=run("i"), sup=run("2")), "x_i^2"),
        (arguments("sPre", sub=run("6"), sup=run("14"), e=run("C")), "^14_6C"),
        (arguments("rad", '<m:degHide m:val="1"/>', deg="", e=run("a+b")), "√(a+b)"),
        (arguments("rad", "<m:degHide/>", deg="", e=run("2")), "√2"),
        (arguments("rad", deg=run("3"), e=run("x")), "∛x"),
        (arguments("rad", deg=run("5"), e=run("x")), "root(5, x)"),
        (arguments("nary", '<m:chr m:val="∑"/>', sub=run("i=1"), sup=run("n"), e=run("i")), "∑_(i=1)^n i"),
        (arguments("nary", sub=run("0"), sup=run("∞"), e=run("f(x)dx")), "∫_0^∞ f(x)dx"),
        (arguments("nary", '<m:chr m:val="∑"/><m:subHide/><m:supHide/>', sub="", sup="", e=run("i")), "∑ i"),
        (delimited(run("a"), run("b"), properties=brackets("[", "]") + '<m:sepChr m:val=","/>'), "[a, b]"),
        (delimited(run("x"), properties=brackets("|", "|")), "|x|"),
        (MATRIX, "[a, b; c, d]"),
        (delimited(MATRIX), "(a, b; c, d)"),
        (
            run("y=") + delimited(cells("eqArr", "0,&amp;x&lt;0", "1,&amp;x≥0"), properties=brackets("{", "")),
            "y={0,x<0; 1,x≥0",
        ),
        (arguments("func", fName=run("sin"), e=run("x")), "sin x"),
        (arguments("func", fName=arguments("sSup", e=run("sin"), sup=run("2")), e=delimited(run("a+b"))), "sin^2(a+b)"),
        (arguments("func", fName=arguments("limLow", e=run("lim"), lim=run("x→0")), e=run("f")), "lim_(x→0) f"),
        (arguments("limUpp", e=run("="), lim=run("def")), "=^def"),
        (arguments("acc", e=run("x")), "x\u0302"),
        (arguments("acc", '<m:chr m:val="\u20d7"/>', e=run("AB")), "vec(AB)"),
        (arguments("bar", '<m:pos m:val="top"/>', e=run("x")), "x\u0304"),
        (arguments("bar", e=run("AB")), "underline(AB)"),
        (arguments("phant", '<m:show m:val="0"/>', e=run("x")) + run("y"), "y"),
        (arguments("box", e=run("a=b")), "a=b"),
        ("<w:del>" + run("old") + "</w:del>" + run("new"), "new"),
    ],
)
def test_linear(formula: str, text: str) -> None:
    assert linear(etree.fromstring(part("m:oMath", formula).encode())) == text
