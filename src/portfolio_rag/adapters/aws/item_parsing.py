"""DynamoDB's items as they stand in its JSON, in place of botocore's walk through its model of them.

The model of an attribute's value has ten members, and botocore 1.43 looks for each of them in each value: of a search's
read of 25 items that was more than half of the processor time (`python -m bench --only search`), and what it returns is
what the JSON holds, but for binary values, which no attribute of this project has (`table.plain` refuses them).
"""

from __future__ import annotations

import json
from typing import Any

_OPERATIONS = ("BatchGetItem", "GetItem", "Query", "Scan", "UpdateItem")
"""Those that answer with items; their answers hold no times, which the model would turn into datetimes."""


def read_items_from_json(client: Any) -> None:
    """Have the DynamoDB client answer these operations so; errors are read by the model as ever."""
    for operation in _OPERATIONS:
        client.meta.events.register(f"before-parse.dynamodb.{operation}", _take_body)


def _take_body(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """What is put into `customized_response_dict` is taken over the answer that botocore parses from the body."""
    if response_dict["status_code"] == 200:
        customized_response_dict.update(json.loads(response_dict["body"]))
        response_dict["body"] = b"{}"
