"""`evergraph profile`: the table of what operations took."""

from __future__ import annotations

from evergraph.backends.timing import Entry, OpTimes

_WIDEST = 44


def report(times: OpTimes, rows: int) -> str:
    """The operations that took longest, then what ran without compiled code."""
    entries = sorted(times.entries.values(), key=lambda e: -e.seconds)
    total = sum(e.seconds for e in entries)
    if not entries:
        return "No operation ran."
    head = f"{'ms':>10} {'%':>5} {'runs':>7} {'GB/s':>7} {'GFLOP/s':>8}  operation"
    lines = [head, *(_line(e, total) for e in entries[:rows])]
    rest = entries[rows:]
    if rest:
        seconds = sum(e.seconds for e in rest)
        lines.append(f"{seconds * 1e3:10.2f} {seconds / total:5.0%} {'':>24}  {len(rest)} more")
    lines.append(
        f"{total * 1e3:10.2f}  in all; an operation stands for those that were fused with it"
    )
    return "\n".join([*lines, *_fallbacks(times)])


def _line(e: Entry, total: float) -> str:
    seconds = max(e.seconds, 1e-9)
    name = f"{e.types} {e.name}".strip() + ("" if e.compiled else "  (reference)")
    if len(name) > _WIDEST:
        name = name[: _WIDEST - 3] + "..."
    rate = f"{e.flops / seconds * 1e-9:8.1f}" if e.flops else f"{'':>8}"
    speed = e.bytes / seconds * 1e-9
    return (
        f"{e.seconds * 1e3:10.2f} {e.seconds / total:5.0%} {e.runs:7d} {speed:7.1f} {rate}  {name}"
    )


def _fallbacks(times: OpTimes) -> list[str]:
    slow = [e for e in times.entries.values() if not e.compiled]
    lines = []
    if slow:
        lines.append("Without compiled code, on the reference backend:")
        lines += [f"  {e.runs} times: {e.types}" for e in sorted(slow, key=lambda e: -e.seconds)]
    if times.reasons:
        lines.append("Whole segments for a reason of their own:")
        lines += [f"  {count} times: {reason}" for reason, count in times.reasons.items()]
    return lines
