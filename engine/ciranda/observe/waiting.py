"""What a step waits for, in words."""

from __future__ import annotations

from ciranda.observe.spoken import spoken
from ciranda.observe.track import Pause, State, Track
from ciranda.observe.visible import clip, visible

__all__ = ["answer_to", "awaited", "heard"]

_WIDEST = 200  # columns of a prompt


def awaited(track: Track, now: float | None = None) -> str:
    """Return what a track waits for: `waits for approval by ana: Deploy?, 5.00 s left`.

    Args:
        track: The track; one that waits for nothing has nothing to say.
        now: Seconds since the epoch; without, nothing is said of the time that is left.
    """
    pause = track.pause
    if pause is None:
        if track.state is State.WAITING and track.past and now is not None:
            return f"next try in {spoken(track.past[-1].retry_at - now)}"
        return ""
    text = _what(pause)
    if now is None or pause.until is None or track.end is not None:
        return text
    left = spoken(pause.until - now)
    if pause.what == "turn":
        return f"{text} in {left}" if pause.until > now else ""
    return f"sleeps for {left}" if pause.what == "sleep" else f"{text}, {left} left"


def _what(pause: Pause) -> str:
    if pause.what == "turn":
        return "next turn"
    if pause.what == "event":
        return f"waits for the event {visible(pause.event)}"
    if pause.what == "approval":
        who = f" by {visible(' or '.join(pause.who))}" if pause.who else ""
        prompt = f": {clip(visible(pause.prompt), _WIDEST)}" if pause.prompt else ""
        return f"waits for approval{who}{prompt}"
    return "sleeps"


def heard(track: Track) -> str:
    """Return who answered the last question of a track, and how: `approved by ana`."""
    if not track.pauses or track.pauses[-1].approved is None:
        return ""
    last = track.pauses[-1]
    word = "approved" if last.approved else "rejected"
    return f"{word} by {visible(last.by)}" if last.by else word


def answer_to(track: Track, run: str) -> list[str]:
    """Return the command that ends the wait of a track; empty when there is none.

    Args:
        track: What waits.
        run: The run's id.
    """
    pause = track.pause
    if pause is None:
        return []
    if pause.what == "approval":
        return ["ciranda", "approve", run, track.path]
    if pause.what == "event":
        return ["ciranda", "emit", pause.event]
    return []
