"""The Swagger UI, whole from this server: page, scripts, style and icon, so that it works with no network.

The files are those of swagger-ui-dist 5, carried by the package fastapi-swagger. All addresses are relative: the
page works under any prefix that a proxy puts in front.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

_PACKAGE: Final = "fastapi_swagger.resources"
_FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}

# The style sheet carries its icons as data: addresses, and the UI writes style attributes.
_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Portfolio RAG - API</title>
<link rel="icon" type="image/png" href="docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/assets/start.js"></script>
</body>
</html>
"""

_OPTIONS: Final = {
    "url": "openapi.json",
    "dom_id": "#swagger-ui",
    "deepLinking": True,
    "displayRequestDuration": True,
    "defaultModelsExpandDepth": 0,
    # No validator: it is a public web site.
    "validatorUrl": None,
}

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def swagger_ui() -> Response:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _CSP})


@router.get("/docs/assets/{name}")
async def asset(name: str) -> Response:
    if name == "start.js":
        return Response(f"window.ui = SwaggerUIBundle({json.dumps(_OPTIONS)});\n", media_type="text/javascript")
    media_type = _FILES.get(name)
    if media_type is None:
        raise HTTPException(404)
    # Revalidated by its ETag: a new release of the UI must show at once.
    return FileResponse(Path(str(files(_PACKAGE) / name)), media_type=media_type, headers={"Cache-Control": "no-cache"})
