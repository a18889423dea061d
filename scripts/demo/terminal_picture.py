"""The terminal's recording as an animated picture: xterm.js in Chromium plays it, frame by frame."""

from __future__ import annotations

from playwright.sync_api import Browser

from scripts.demo.animation import Animation
from scripts.demo.terminal import COLUMNS, ROWS, Recording
from scripts.npm_package import XTERM

_FRAME_SECONDS = 0.11

_STAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #fff; }
#window { display: inline-block; background: #14181f; }
#bar { display: flex; gap: 8px; padding: 12px 14px 4px; }
#bar i { width: 11px; height: 11px; border-radius: 50%; background: #3a414d; }
#terminal { padding: 8px 14px 12px; }
.xterm .xterm-viewport, .xterm-scrollable-element .scrollbar { display: none !important; }
</style><div id="window"><div id="bar"><i></i><i></i><i></i></div><div id="terminal"></div></div>"""

_OPEN = """([columns, rows]) => {
  window.terminal = new Terminal({
    cols: columns, rows, fontSize: 14, lineHeight: 1.15, cursorBlink: false, cursorInactiveStyle: "bar",
    fontFamily: "'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace",
    theme: { background: "#14181f", foreground: "#d8dee9", green: "#a3be8c", brightGreen: "#a3be8c", cursor: "#88c0d0",
             blue: "#81a1c1", cyan: "#88c0d0", yellow: "#ebcb8b", red: "#bf616a", magenta: "#b48ead" },
  });
  window.terminal.open(document.getElementById("terminal"));
}"""

_WRITE = """(text) => new Promise((done) => window.terminal.write(text, () => requestAnimationFrame(() => done())))"""


def draw(recording: Recording, browser: Browser) -> Animation:
    page = browser.new_page(viewport={"width": 1100, "height": 700})
    page.set_content(_STAGE)
    page.add_style_tag(path=XTERM.file("css/xterm.css"))
    page.add_script_tag(path=XTERM.file("lib/xterm.js"))
    page.evaluate(_OPEN, [COLUMNS, ROWS])
    window = page.locator("#window")
    animation = Animation()
    shown_until = 0.0
    waiting = ""
    ends = [at for at, _ in recording.events[1:]] + [recording.now]
    for (_, text), end in zip(recording.events, ends, strict=True):
        waiting += text
        # What follows at once is one frame.
        if end - shown_until < _FRAME_SECONDS:
            continue
        page.evaluate(_WRITE, waiting)
        waiting = ""
        animation.add(window.screenshot(type="png"), round((end - shown_until) * 1000))
        shown_until = end
    page.close()
    return animation
