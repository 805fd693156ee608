"""The figures as a chart: a bar for each, with a mark where its goal lies."""

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.report import Figure

ROW, LABEL, SCALE, WIDTH = 22, 460, 300, 880


def chart(figures: "list[Figure]") -> str:
    """Return an SVG document; a bar as long as the mark's distance has just reached its goal."""
    rows = "".join(_row(number, figure) for number, figure in enumerate(figures))
    height = ROW * (len(figures) + 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>{rows}'
        f'<path d="M{LABEL + SCALE // 2} 4V{height - 8}" stroke="#444" stroke-dasharray="3 3"/></svg>\n'
    )


def _row(number: int, figure: "Figure") -> str:
    top = ROW * number + 8
    part = figure.ratio / figure.goal if figure.limit is not None else figure.goal / max(figure.ratio, 1e-9)
    length = min(part, 2.0) * SCALE / 2
    colour = "#2f855a" if figure.reached else "#c05621"
    return (
        f'<text x="8" y="{top + 12}">{escape(figure.name[:78])}</text>'
        f'<rect x="{LABEL}" y="{top}" width="{length:.0f}" height="{ROW - 8}" fill="{colour}"/>'
        f'<text x="{LABEL + SCALE + 8}" y="{top + 12}">{figure.ours:,.1f} {figure.unit} ({figure.ratio:.2f})</text>'
    )
