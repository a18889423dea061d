"""The bake stage of the images copies only what the bake imports: nothing more may creep into it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def copied() -> list[str]:
    """The sources that the bake stage of the Dockerfile copies."""
    text = (ROOT / "images" / "Dockerfile").read_text().replace("\\\n", " ")
    stage = text[: text.index("-m portfolio_rag.bake --output")]
    stage = stage[stage.rindex("FROM ") :]
    return [word for line in re.findall(r"^COPY (.*)$", stage, re.M) for word in line.split()[:-1] if "src/" in word]


def test_the_bake_runs_on_what_its_stage_copies(tmp_path: Path) -> None:
    sources = copied()
    assert "src/portfolio_rag/ports/vectors.py" in sources
    for source in sources:
        target = tmp_path / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target)
        else:
            shutil.copy(ROOT / source, target)
    path = str(tmp_path / "src")
    code = (
        f"import sys; sys.path.insert(0, {path!r}); import portfolio_rag.bake.baking as baking; "
        "import portfolio_rag.bake.export, portfolio_rag.bake.parity; print(baking.__file__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))
