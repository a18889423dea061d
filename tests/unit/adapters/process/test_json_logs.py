from __future__ import annotations

import json
import logging

from portfolio_rag.adapters.process.json_logs import RedactingFormatter

SECRET = 'sk-"quoted"\\and-more'


def line_of(message: str, *arguments: object, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("openai", logging.WARNING, __file__, 1, message, arguments, info)
    record.path = f"/api/chat?key={SECRET}"
    return RedactingFormatter([SECRET, ""]).format(record)


def test_a_secret_is_written_nowhere() -> None:
    try:
        raise PermissionError(f"Incorrect API key provided: {SECRET}")
    except PermissionError as error:
        line = line_of("refused %s", SECRET, error=error)
    written = json.loads(line)
    assert SECRET not in str(written)
    assert written["message"] == "refused [redacted]"
    assert written["path"] == "/api/chat?key=[redacted]"
    assert "Incorrect API key provided: [redacted]" in written["exc_info"]


def test_without_secrets_a_line_is_as_it_was() -> None:
    record = logging.LogRecord("api", logging.INFO, __file__, 1, "ready", (), None)
    written = json.loads(RedactingFormatter([]).format(record))
    assert (written["message"], written["levelname"], written["name"]) == ("ready", "INFO", "api")
    assert "timestamp" in written
