"""Pass rate against tokens as a picture: one point a model and architecture, written as SVG by hand."""

from collections.abc import Iterator
from html import escape

from fractal_agent.report.experiment import ExperimentReport, Row

WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 60, 170, 40, 50
_COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#b9770e", "#34495e", "#16a085")


_SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
    'font-size="12">'
)


def picture(report: ExperimentReport, *, study: bool = True) -> str:
    """The SVG. Upright lines are the intervals, dashed ones, with `study`, its rates, without tokens."""
    most = max((row.written_per_problem for row in report.rows), default=0.0)
    step = _step(most)
    right = step * (int(most / step) + 1)
    parts = [
        _SVG,
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(
            LEFT, 22, f"{report.dataset}, {len(report.tasks)} problems, {report.feedback} feedback", size=14
        ),
        *_axes(right, step),
        *(_study(report) if study else ()),
        *(part for number, row in enumerate(report.rows) for part in _point(row, number, right)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axes(right: float, step: float) -> Iterator[str]:
    for tenth in range(0, 11, 2):
        rate = tenth / 10
        yield _line(LEFT, _y(rate), WIDTH - RIGHT, _y(rate), "#dddddd")
        yield _text(LEFT - 8, _y(rate) + 4, f"{rate:.0%}", anchor="end")
    for number in range(int(right / step + 0.5) + 1):
        at = _x(number * step, right)
        yield _line(at, _y(0), at, _y(0) + 5, "#666666")
        yield _text(at, _y(0) + 19, f"{number * step:g}", anchor="middle")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "tokens written per problem", anchor="middle")


def _study(report: ExperimentReport) -> Iterator[str]:
    by_rate: dict[float, list[str]] = {}
    for one in report.references:
        by_rate.setdefault(one.passed / one.total, []).append(one.architecture)
    for rate, names in by_rate.items():
        yield _line(LEFT, _y(rate), WIDTH - RIGHT, _y(rate), "#999999", dashes="4 4")
        yield _text(WIDTH - RIGHT + 6, _y(rate) + 4, f"study: {', '.join(names)}", colour="#777777")


def _point(row: Row, number: int, right: float) -> Iterator[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    x, y = _x(row.written_per_problem, right), _y(row.pass_rate)
    yield _line(x, _y(row.interval.low), x, _y(row.interval.high), colour)
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    yield _text(x + 7, y - 5, f"{row.architecture}, {row.model.rpartition('/')[2]}", colour=colour)


def _step(most: float) -> float:
    """A round distance between marks, of which four to ten reach as far as `most`."""
    step = 1.0
    while most / step > 10:
        step *= 5 if most / step > 40 else 2
    return step


def _x(tokens: float, right: float) -> float:
    return LEFT + tokens / right * (WIDTH - LEFT - RIGHT)


def _y(rate: float) -> float:
    return HEIGHT - BOTTOM - rate * (HEIGHT - TOP - BOTTOM)


def _line(x: float, y: float, to_x: float, to_y: float, colour: str, *, dashes: str = "none") -> str:
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}" '
        f'stroke-dasharray="{dashes}"/>'
    )


def _text(
    x: float, y: float, said: str, *, anchor: str = "start", colour: str = "#333333", size: int = 12
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}">'
        f"{escape(said)}</text>"
    )
