"""Writes src/evergraph/ops/unicode_scripts.tsv: which script each code point belongs to.

    python tools/make_unicode_scripts.py

A line is the first code point of a range and the number that ICU gives its script; a range goes
on to the next line's. Asks TensorFlow (in the `oracle` extra), which ships ICU's tables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parents[1] / "src/evergraph/ops/unicode_scripts.tsv"


def ranges(scripts: Any) -> list[tuple[int, int]]:
    """The code points at which the script changes, with the script that starts there."""
    found: list[tuple[int, int]] = []
    for point, script in enumerate(scripts):
        if not found or found[-1][1] != script:
            found.append((point, script))
    return found


def main() -> None:
    """Asks for the script of every code point, and writes the ranges."""
    import tensorflow as tf

    scripts = tf.strings.unicode_script(tf.range(0x110000)).numpy().tolist()
    TABLE.write_text("".join(f"{point:x}\t{script}\n" for point, script in ranges(scripts)))


if __name__ == "__main__":
    main()
