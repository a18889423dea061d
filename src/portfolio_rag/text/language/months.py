"""Names of months: they name a time, never a person or a product."""

from __future__ import annotations

_MONTH_LIST = """
    jan january januar janvier enero gennaio; feb february februar février febrero febbraio;
    mar march märz mars marzo maart; apr april avril abril aprile; may mai mayo maggio mei;
    jun june juni juin junio giugno; jul july juli juillet julio luglio; aug august août agosto augustus;
    sep sept september septembre septiembre settembre; oct october oktober okt octobre octubre ottobre;
    nov november novembre noviembre; dec december dezember dez décembre diciembre dicembre
"""
MONTHS = {name: number for number, names in enumerate(_MONTH_LIST.split(";"), start=1) for name in names.split()}


def is_month(word: str) -> bool:
    return word.casefold().rstrip(".") in MONTHS
