"""DynamoDB's condition and update expressions, evaluated on items in the service's own notation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Item = dict[str, dict[str, Any]]

_TOKENS = re.compile(r"\s*(?:(<>|<=|>=|[=<>(),+\-])|([:#]?[A-Za-z_][A-Za-z0-9_.]*))")


class InvalidExpression(Exception):
    """The service would answer ValidationException."""


class Expression:
    """One expression with its names and values; remembers which were used, because unused ones are refused."""

    def __init__(self, text: str, names: Mapping[str, str], values: Mapping[str, Any]) -> None:
        self._tokens = _tokenise(text)
        self._at = 0
        self._names = names
        self._values = values
        self.used: set[str] = set()

    # --- conditions

    def holds(self, item: Item) -> bool:
        self._at = 0
        result = self._or(item)
        if self._peek() is not None:
            raise InvalidExpression(f"unexpected {self._peek()!r}")
        return result

    def _or(self, item: Item) -> bool:
        result = self._and(item)
        while self._take_word("OR"):
            right = self._and(item)
            result = result or right
        return result

    def _and(self, item: Item) -> bool:
        result = self._not(item)
        while self._take_word("AND"):
            right = self._not(item)
            result = result and right
        return result

    def _not(self, item: Item) -> bool:
        if self._take_word("NOT"):
            return not self._not(item)
        if self._take("("):
            result = self._or(item)
            self._expect(")")
            return result
        return self._comparison(item)

    def _comparison(self, item: Item) -> bool:
        token = self._next()
        if token in ("attribute_exists", "attribute_not_exists"):
            self._expect("(")
            name = self._name(self._next())
            self._expect(")")
            return (name in item) == (token == "attribute_exists")
        if token == "begins_with":
            self._expect("(")
            left = self._operand(self._next(), item)
            self._expect(",")
            right = self._operand(self._next(), item)
            self._expect(")")
            return left is not None and right is not None and str(plain(left)).startswith(str(plain(right)))
        left = self._operand(token, item)
        operator = self._next()
        if operator.upper() == "IN":
            self._expect("(")
            choices = [self._operand(self._next(), item)]
            while self._take(","):
                choices.append(self._operand(self._next(), item))
            self._expect(")")
            return left is not None and any(plain(left) == plain(choice) for choice in choices if choice is not None)
        if operator.upper() == "BETWEEN":
            low = self._operand(self._next(), item)
            self._expect("AND")
            high = self._operand(self._next(), item)
            return _compare(">=", left, low) and _compare("<=", left, high)
        right = self._operand(self._next(), item)
        return _compare(operator, left, right)

    # --- updates

    def apply(self, item: Item) -> Item:
        """The item after the update; operands are read from the item as it was before."""
        self._at = 0
        updated = dict(item)
        while (clause := self._peek()) is not None:
            self._next()
            actions = {"SET": self._set, "REMOVE": self._remove, "ADD": self._add}
            if clause.upper() not in actions:
                raise InvalidExpression(f"unexpected {clause!r}")
            while True:
                actions[clause.upper()](item, updated)
                if not self._take(","):
                    break
        return updated

    def _set(self, before: Item, updated: Item) -> None:
        name = self._name(self._next())
        self._expect("=")
        result = self._operand(self._next(), before)
        while (operator := self._peek()) in ("+", "-"):
            self._next()
            right = self._operand(self._next(), before)
            if result is None or right is None:
                raise InvalidExpression("an operand of an arithmetic update does not exist")
            sign = 1 if operator == "+" else -1
            result = {"N": str(Decimal(result["N"]) + sign * Decimal(right["N"]))}
        if result is None:
            raise InvalidExpression("the provided expression refers to an attribute that does not exist in the item")
        updated[name] = result

    def _remove(self, before: Item, updated: Item) -> None:
        updated.pop(self._name(self._next()), None)

    def _add(self, before: Item, updated: Item) -> None:
        name = self._name(self._next())
        amount = self._operand(self._next(), before)
        assert amount is not None
        current = before.get(name, {"N": "0"})
        updated[name] = {"N": str(Decimal(current["N"]) + Decimal(amount["N"]))}

    # --- pieces

    def _operand(self, token: str, item: Item) -> dict[str, Any] | None:
        if token == "if_not_exists":
            self._expect("(")
            name = self._name(self._next())
            self._expect(",")
            fallback = self._operand(self._next(), item)
            self._expect(")")
            return item.get(name, fallback)
        if token == "list_append":
            self._expect("(")
            first = self._operand(self._next(), item)
            self._expect(",")
            second = self._operand(self._next(), item)
            self._expect(")")
            if first is None or second is None:
                raise InvalidExpression("an operand of list_append does not exist")
            return {"L": [*first["L"], *second["L"]]}
        if token.startswith(":"):
            if token not in self._values:
                raise InvalidExpression(f"{token} is not defined")
            self.used.add(token)
            return dict(self._values[token])
        return item.get(self._name(token))

    def _name(self, token: str) -> str:
        if token.startswith("#"):
            if token not in self._names:
                raise InvalidExpression(f"{token} is not defined")
            self.used.add(token)
            return self._names[token]
        if token.upper() in RESERVED:
            raise InvalidExpression(f"{token} is a reserved word")
        return token

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> str:
        token = self._peek()
        if token is None:
            raise InvalidExpression("unexpected end")
        self._at += 1
        return token

    def _take(self, token: str) -> bool:
        if self._peek() == token:
            self._at += 1
            return True
        return False

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        if token is not None and token.upper() == word:
            self._at += 1
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise InvalidExpression(f"expected {token!r}, found {self._peek()!r}")


RESERVED = {
    "TOTAL",
    "STATUS",
    "VERSION",
    "NAME",
    "VALUE",
    "COUNT",
    "ROW",
    "KEY",
    "TIMESTAMP",
    "SIZE",
    "OWNER",
    "METADATA",
}
"""Those of the reserved words that this project's attributes could meet."""


def plain(attribute: Mapping[str, Any]) -> Any:
    """A comparable Python value."""
    ((kind, content),) = attribute.items()
    if kind == "N":
        return Decimal(content)
    if kind == "L":
        return [plain(entry) for entry in content]
    if kind == "M":
        return {name: plain(entry) for name, entry in content.items()}
    return content


def _compare(operator: str, left: dict[str, Any] | None, right: dict[str, Any] | None) -> bool:
    if left is None or right is None:
        return False  # A comparison with an attribute that is not there is never true.
    if operator == "=":
        return bool(left.keys() == right.keys() and plain(left) == plain(right))
    if operator == "<>":
        return bool(left.keys() != right.keys() or plain(left) != plain(right))
    if left.keys() != right.keys():
        return False
    a, b = plain(left), plain(right)
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator])


def _tokenise(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None:
            raise InvalidExpression(f"cannot read {text[at:]!r}")
        tokens.append(match.group(1) or match.group(2))
        at = match.end()
    return tokens
