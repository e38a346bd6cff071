"""Record the first story as an animated picture, as ``make pictures`` does.

Drives the story in Chromium, step by step, and writes what the browser paints, thinned out to ``FRAMES_PER_SECOND``, in
the best quality that fits into ``MOST_BYTES``. Takes some minutes.
"""

import base64
import io
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import settled

VIEWPORT = {"width": 1280, "height": 800}
WIDTH = 960
FRAMES_PER_SECOND = 15
MOST_BYTES = 1_500_000
QUALITIES = (80, 70, 60, 50, 40, 30)
# a slow machine paints few frames a second: so everything moves slowly, and is shown faster; for this many seconds of
# the picture something may move after a step
RATE, MOVING = 0.1, 2.4
# how long each step is shown: longer where something moves, or is new to read
SECONDS = (2.5, 3.0, 3.8, 4.2, 3.2, 3.4, 3.4)


@dataclass(frozen=True)
class Frame:
    """What was painted at a time, in seconds."""

    time: float
    picture: Image.Image


def record(page: Page, address: str) -> list[Frame]:
    """Go through the story, and return what was painted meanwhile."""
    page.goto(f"{address}/story?bundle=demo")
    settled(page)
    _visit_all(page)
    painted: list[tuple[float, bytes]] = []
    client = page.context.new_cdp_session(page)

    def on_frame(event: dict) -> None:
        painted.append((time.time(), base64.b64decode(event["data"])))
        client.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    client.on("Page.screencastFrame", on_frame)
    client.send("Animation.enable")
    client.send("Animation.setPlaybackRate", {"playbackRate": RATE})
    client.send("Page.startScreencast", {"format": "jpeg", "quality": 95})
    frames: list[tuple[float, bytes]] = []
    start = 0.0
    for step, seconds in enumerate(SECONDS):
        pressed = time.time()
        if step:
            page.keyboard.press("ArrowRight")
        page.wait_for_timeout(1000 * min(MOVING, seconds) / RATE)
        frames += [(start + RATE * max(0.0, at - pressed), data) for at, data in painted]
        painted.clear()
        start += seconds
    client.send("Page.stopScreencast")
    height = WIDTH * VIEWPORT["height"] // VIEWPORT["width"]
    return [
        Frame(at, Image.open(io.BytesIO(data)).convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS))
        for at, data in thinned(frames)
    ]


def _visit_all(page: Page) -> None:
    """Let everything be computed once, so that no step waits in the picture."""
    for _ in SECONDS:
        page.keyboard.press("ArrowRight")
        settled(page)
    page.keyboard.press("Home")
    settled(page)
    page.wait_for_timeout(1500)


def thinned(painted: list[tuple[float, bytes]]) -> list[tuple[float, bytes]]:
    """Return at most ``FRAMES_PER_SECOND``; of several within one frame's time the last."""
    kept: dict[int, tuple[float, bytes]] = {}
    for at, data in painted:
        kept[int(at * FRAMES_PER_SECOND)] = at, data
    return list(kept.values())


def write(frames: list[Frame], target: Path) -> None:
    """Write the frames; each is shown until the next one was painted. Raises ``ValueError`` if they are too large."""
    ends = [*(frame.time for frame in frames[1:]), sum(SECONDS)]
    durations = [max(1, round(1000 * (end - frame.time))) for frame, end in zip(frames, ends, strict=True)]
    for quality in QUALITIES:
        frames[0].picture.save(
            target,
            save_all=True,
            append_images=[frame.picture for frame in frames[1:]],
            duration=durations,
            loop=0,
            quality=quality,
            method=4,
            kmax=60,
        )
        size = target.stat().st_size
        print(f"{target.name}: {len(frames)} frames, {sum(durations) / 1000:.1f} s, quality {quality}, {size:,} bytes")
        if size <= MOST_BYTES:
            return
    raise ValueError(f"{target.name} is larger than {MOST_BYTES:,} bytes in the lowest quality; make WIDTH smaller")
