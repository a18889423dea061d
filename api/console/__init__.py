"""The console: a page at `/` on which people ask, look at documents and follow jobs, whole from this server.

Plain ES modules, as they lie in `assets/`: nothing is built. `assets/vendor/vendored.json` names the packages that
come from npm, with version, licence and hashes. All addresses are relative: the page works under any prefix that a
proxy puts in front. It calls the public routes only, and holds nothing of the documents itself: it needs no key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

_ASSETS: Final = Path(__file__).parent / "assets"
_MEDIA_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".bcmap": "application/octet-stream",
    ".pfb": "application/octet-stream",
}
_WORKER: Final = "vendor/pdfjs/pdf.worker.min.mjs"
_FILES: Final = {
    path.relative_to(_ASSETS).as_posix(): path
    for path in sorted(_ASSETS.rglob("*"))
    if path.suffix in _MEDIA_TYPES and path.is_file()
}

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; worker-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types pdf-worker"
)
"""No script and no style but the files of this server, and none that is made of text: what stands in a document can
only ever be text on the page. The browser refuses innerHTML and its like. `pdf-worker` is the policy of
`pages.js`, which gives the address of one script and nothing else."""

WORKER_CSP: Final = "default-src 'none'; script-src 'self'; frame-ancestors 'none'"
"""What reads a PDF may load the decoders of pictures from this server, and reach nothing otherwise."""

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page() -> Response:
    return _file(_ASSETS / "index.html", "text/html", {"Content-Security-Policy": CSP})


@router.get("/console/{name:path}")
async def asset(name: str) -> Response:
    path = _FILES.get(name)
    if path is None:
        raise HTTPException(404)
    headers = {"Content-Security-Policy": WORKER_CSP} if name == _WORKER else {}
    return _file(path, _MEDIA_TYPES[path.suffix], headers)


def _file(path: Path, media_type: str, headers: dict[str, str]) -> FileResponse:
    # Revalidated by its ETag: a new release of the console must show at once.
    return FileResponse(path, media_type=media_type, headers={"Cache-Control": "no-cache", **headers})
