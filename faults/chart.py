"""Draws samples as lines, one panel for each figure, as SVG."""

from collections.abc import Sequence
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP = 640, 110, 70, 26


def chart(samples: Sequence[dict[str, float]], path: Path) -> None:
    """Draw every figure of `samples` over ``seconds`` and write the picture."""
    names = [name for name in samples[0] if name != "seconds"]
    panels = [_panel(name, samples, number * (HEIGHT + 40)) for number, name in enumerate(names)]
    height = len(names) * (HEIGHT + 40) + 10
    text = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + LEFT + 20}" height="{height}"'
        f' font-family="sans-serif" font-size="12">{"".join(panels)}</svg>\n'
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")


def _panel(name: str, samples: Sequence[dict[str, float]], top: int) -> str:
    values = [sample[name] for sample in samples]
    most, end = max(*values, 1.0) * 1.1, max(samples[-1]["seconds"], 0.001)
    points = " ".join(
        f"{LEFT + sample['seconds'] / end * WIDTH:.1f},{top + TOP + HEIGHT * (1 - sample[name] / most):.1f}"
        for sample in samples
    )
    base = top + TOP + HEIGHT
    return (
        f'<text x="{LEFT}" y="{top + 18}">{name}</text>'
        f'<text x="{LEFT - 6}" y="{top + TOP + 10}" text-anchor="end">{most:.0f}</text>'
        f'<text x="{LEFT - 6}" y="{base}" text-anchor="end">0</text>'
        f'<text x="{LEFT + WIDTH}" y="{base + 13}" text-anchor="end">{end:.0f} s</text>'
        f'<path d="M{LEFT} {top + TOP}V{base}H{LEFT + WIDTH}" fill="none" stroke="#999"/>'
        f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.5"/>'
    )
