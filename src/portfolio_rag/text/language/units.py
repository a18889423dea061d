"""Units of measurement by their names and signs, in the languages that language_detection.py knows."""

from __future__ import annotations

import re

# Unit -> (dimension, factor to the dimension's base). Months and years have no fixed length: dimensions of their own.
_NAMES: dict[tuple[str, float], str] = {
    ("time", 1e-3): "ms millisecond milliseconds",
    ("time", 1): (
        "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos secondo secondi seconden"
    ),
    ("time", 60): "min mins minute minutes minuten minuto minutos minuti minuut",
    ("time", 3600): "h hr hrs hour hours stunde stunden heure heures hora horas ora ore uur uren",
    ("time", 86400): "day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen",
    ("time", 604800): "week weeks woche wochen semaine semaines semana semanas settimana settimane weken",
    ("month", 1): "month months monat monate monaten mois mes meses mese mesi maand maanden mês",
    ("year", 1): "year years jahr jahre jahren ans année années año años anno anni ano anos jaar",
    ("bytes", 1): "byte bytes",
    ("bytes", 1024): "kb kib kilobyte kilobytes kibibyte kibibytes",
    ("bytes", 1024**2): "mb mib megabyte megabytes mebibyte mebibytes",
    ("bytes", 1024**3): "gb gib gigabyte gigabytes gibibyte gibibytes",
    ("bytes", 1024**4): "tb tib terabyte terabytes tebibyte tebibytes",
    ("percent", 1): "% percent prozent procent",
    ("dollar", 1): "$ dollar dollars usd",
    ("euro", 1): "€ euro euros eur",
    ("pound", 1): "£ gbp pound pounds",
    ("cent", 1): "cent cents",
    ("penny", 1): "penny pence",
    ("franc", 1): "chf franc francs franken",
    ("yen", 1): "¥ jpy yen",
    ("length", 1e-3): "mm millimetre millimetres millimeter millimeters",
    ("length", 1e-2): "cm centimetre centimetres centimeter centimeters zentimeter centimètre centimètres",
    ("length", 1): "m metre metres meter meters mètre mètres metro metros metri",
    ("length", 1e3): "km kilometre kilometres kilometer kilometers kilomètre kilomètres",
    ("length", 0.0254): "inch inches",
    ("length", 0.3048): "ft foot feet",
    ("mile", 1): "mile miles",
    ("mass", 1e-6): "mg milligram milligrams",
    ("mass", 1e-3): "g gram grams gramme grammes gramm",
    ("mass", 1): "kg kilo kilos kilogram kilograms kilogramm",
    ("mass", 1e3): "tonne tonnes",
    ("volume", 1e-3): "ml millilitre millilitres milliliter milliliters",
    ("volume", 1e-2): "cl centilitre centilitres",
    ("volume", 1): "l litre litres liter liters litro litros litri",
    ("teaspoon", 1): "tsp teaspoon teaspoons teaspoonful teaspoonfuls teelöffel",
    ("tablespoon", 1): "tbsp tablespoon tablespoons tablespoonful tablespoonfuls esslöffel",
    ("degree", 1): "degree degrees grad degré degrés grado grados gradi °",
    ("fahrenheit", 1): "fahrenheit",
    ("power", 1): "w watt watts",
    ("power", 1e3): "kw kilowatt kilowatts",
    ("power", 1e6): "mw megawatt megawatts",
    ("energy", 1): "kwh",
    ("voltage", 1): "v volt volts",
    ("voltage", 1e3): "kv",
    ("frequency", 1): "hz hertz",
    ("frequency", 1e3): "khz",
    ("frequency", 1e6): "mhz",
    ("frequency", 1e9): "ghz",
    ("pressure", 1): "bar bars",
    ("torque", 1): "nm",
}
UNITS = {name: unit for unit, names in _NAMES.items() for name in names.split()}
"""By name, in lower case: the dimension, and the factor to its base unit."""

_ENGLISH_PERIODS: dict[tuple[str, float], str] = {
    ("time", 1): "second",
    ("time", 60): "minute",
    ("time", 3600): "hour",
    ("time", 86400): "day",
    ("time", 604800): "week",
    ("month", 1): "month",
    ("year", 1): "year",
}
PERIODS = {
    name: period for name, unit in UNITS.items() if len(name) > 2 and (period := _ENGLISH_PERIODS.get(unit)) is not None
} | {"an": "year"}
"""Names of times that something is counted by (`par mois`), with their English ones."""

_GERMAN_COMPOUND = re.compile(r"[^\W\d_]{3,}?(sekunden|minuten|stunden|tagen?|wochen|monaten?|jahren?|euro|prozent)")
"""`Urlaubstage` and `Arbeitsstunden` are counted in days and in hours."""


def unit_key(said: str) -> str:
    """A unit as it stands in a text as the key of UNITS: `°C` is degrees."""
    unit = said.strip().lower()
    if unit.startswith(("°", "degree")):
        return "fahrenheit" if unit.endswith("f") or unit.endswith("fahrenheit") else "degrees"
    compound = _GERMAN_COMPOUND.fullmatch(unit)
    return compound[1] if compound else unit
