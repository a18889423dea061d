"""The recording of `make demo`: what a terminal shows, when, and in the format that players read."""

from __future__ import annotations

import json
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from scripts.demo import terminal
from scripts.demo.animation import Animation
from scripts.demo.story import FILENAME, QUESTION, TEXT
from scripts.demo.terminal import COLUMNS, PROMPT, ROWS, Recording, terminal_environment
from tests.support.pages import DOCS, text_of


def run(recording: Recording, command: str, folder: Path) -> str:
    """What is recorded of it."""
    before = len(recording.events)
    recording.run(command, environment=terminal_environment({}), folder=folder)
    return "".join(text for _, text in recording.events[before:])


def test_a_command_is_typed_and_its_output_follows(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Grüße, 世界\n", encoding="utf-8")
    shown = run(Recording(), "cat a.txt", tmp_path)
    assert shown == f"{PROMPT}cat a.txt\r\nGrüße, 世界\r\n"


def test_a_command_has_a_terminal_of_the_size_that_is_shown(tmp_path: Path) -> None:
    shown = run(Recording(), "python -c 'import os; print(os.get_terminal_size(), os.isatty(1))'", tmp_path)
    assert f"columns={COLUMNS}, lines={ROWS}" in shown
    assert shown.endswith("True\r\n")


def test_a_command_that_fails_ends_the_recording(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run(Recording(), "cat none.txt", tmp_path)


def test_time_goes_on_and_long_silences_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "_LONGEST_SILENCE", 0.01)
    recording = Recording()
    shown = run(recording, "echo a; python -c 'import time; time.sleep(0.3)'; echo b", tmp_path)
    assert shown.endswith("a\r\nb\r\n")
    times = [at for at, _ in recording.events]
    assert times == sorted(times)
    texts = {text: at for at, text in recording.events}
    assert texts["b\r\n"] - texts["a\r\n"] <= 0.01


@pytest.mark.parametrize("cut", range(1, 4))
def test_a_character_in_two_pieces_is_one(cut: int) -> None:
    whole = "a😀".encode()
    text, rest = terminal._whole_characters(whole[: 1 + cut])
    assert (text, rest) == ("a", whole[1 : 1 + cut])
    assert terminal._whole_characters(rest + whole[1 + cut :]) == ("😀", b"")


def test_the_file_is_an_asciicast(tmp_path: Path) -> None:
    recording = Recording()
    run(recording, "echo done", tmp_path)
    recording.save(tmp_path / "x.cast", title="Done")
    header, *events = [json.loads(line) for line in (tmp_path / "x.cast").read_text(encoding="utf-8").splitlines()]
    assert (header["version"], header["width"], header["height"]) == (2, COLUMNS, ROWS)
    assert all(kind == "o" for _, kind, _ in events)
    assert "".join(text for *_, text in events).endswith("done\r\n")


def test_frames_that_are_the_same_are_one(tmp_path: Path) -> None:
    def png(colour: str) -> bytes:
        buffer = BytesIO()
        Image.new("RGB", (40, 30), colour).save(buffer, "PNG")
        return buffer.getvalue()

    animation = Animation()
    for colour in ("red", "red", "blue"):
        animation.add(png(colour), 100)
    assert animation.durations == [200, 100]
    animation.save(tmp_path / "x.webp", lossless=True)
    with Image.open(tmp_path / "x.webp") as image:
        assert image.n_frames == 2  # type: ignore[attr-defined]


def test_what_is_in_the_repository_tells_the_story_and_is_small() -> None:
    header, *events = [json.loads(line) for line in text_of("docs/demo-terminal.cast").splitlines()]
    assert header["version"] == 2
    shown = "".join(text for *_, text in events)
    first, second = shown.split(f"aws s3 cp {FILENAME}")
    assert QUESTION in first
    assert "The answer is not in the documents." in first
    assert QUESTION in second
    assert "06:40" in second
    assert "[1]" in second.replace("\x1b", "").replace("[1m", "").replace("[0m", "").replace("[1;36m", "")
    assert "06:40" in TEXT
    for name in ("demo-terminal.webp", "demo-console.webp"):
        with Image.open(DOCS / name) as image:
            assert image.n_frames > 20  # type: ignore[attr-defined]
        assert (DOCS / name).stat().st_size < 500_000
