# SPDX-License-Identifier: GPL-2.0-or-later
"""The chapters as small pictures: ratios with their spread, and where the time goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.bench.chapters import SECONDS, Chapter, Comparison, Split
from tests.bench.figures import duration, significant

_WIDTH = 8.0
_ROW = 0.34
_MARGIN = 0.9
_FEW_PERCENT = 0.07
_INK, _ACCENT, _FAINT = "#37474f", "#00695c", "#b0bec5"


def draw(chapter: Chapter, folder: Path) -> list[str]:
    """Write the pictures of a chapter; their file names. The same samples give the same bytes."""
    mpl.rcParams["svg.hashsalt"] = chapter.name
    mpl.rcParams["svg.fonttype"] = "none"
    mpl.rcParams["font.size"] = 9
    names: list[str] = []
    if chapter.comparisons:
        names.append(_save(_ratios(chapter.comparisons), folder, f"{chapter.name}-ratios.svg"))
    if curves := chapter.curves():
        unit = next(one.unit for one in chapter.comparisons if one.entries)
        names.append(_save(_growth(curves, unit), folder, f"{chapter.name}-growth.svg"))
    if chapter.splits:
        names.append(_save(_splits(chapter.splits), folder, f"{chapter.name}-time.svg"))
    return names


def _save(figure: Figure, folder: Path, name: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / name, metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    return name


def _axes(rows: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(_WIDTH, _MARGIN + _ROW * rows))
    axes = figure.add_subplot()
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    return figure, axes


def _ratios(comparisons: list[Comparison]) -> Figure:
    figure, axes = _axes(len(comparisons))
    axes.set_xscale("log")
    axes.axvline(1.0, color=_FAINT, linewidth=1)
    for row, one in enumerate(comparisons):
        ratio = one.ratio
        axes.plot([ratio.minimum, ratio.maximum], [row, row], color=_FAINT, linewidth=1.5)
        axes.plot([ratio.p10, ratio.p90], [row, row], color=_ACCENT, linewidth=4)
        axes.plot([ratio.median], [row], "o", color=_INK, markersize=5)
        label = f"  {significant(ratio.median)}"
        axes.annotate(label, (ratio.maximum, row), va="center", color=_INK)
    axes.set_yticks(range(len(comparisons)), [_label(one) for one in comparisons])
    axes.set_xlabel("ratio: dot median, thick p10 to p90, thin min to max; left of 1 is faster")
    return figure


def _growth(curves: Mapping[str, Sequence[tuple[int, float]]], unit: str) -> Figure:
    """Cost against size, both in powers of ten; a dotted line grows with the size."""
    figure = Figure(figsize=(_WIDTH, 0.55 * _WIDTH))
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    colours = mpl.colormaps["tab10"](range(10)).tolist()
    for (name, points), colour in zip(curves.items(), 2 * colours, strict=False):
        sizes, seconds = zip(*points, strict=True)
        axes.loglog(sizes, seconds, "o-", color=colour, label=name, markersize=4)
        linear = [seconds[-1] * size / sizes[-1] for size in sizes]
        axes.loglog(sizes, linear, ":", color=colour, linewidth=0.8)
    axes.set_xlabel("entries")
    kind = "seconds" if unit == SECONDS else unit
    axes.set_ylabel(f"{kind}, median; dotted: in proportion to the entries")
    axes.legend(frameon=False, fontsize=7)
    return figure


def _label(one: Comparison) -> str:
    return f"{one.situation}: {one.subject} / {one.baseline}"


def _splits(splits: list[Split]) -> Figure:
    figure, axes = _axes(2 * len(splits))
    parts = list(dict.fromkeys(part for one in splits for part in one.parts))
    colours = dict(zip(parts, 2 * mpl.colormaps["tab20"](range(20)).tolist(), strict=False))
    for row, one in enumerate(splits):
        medians = one.medians()
        whole, left = sum(medians.values()), 0.0
        for part, seconds in medians.items():
            share = seconds / whole
            axes.barh(row, share, left=left, color=colours[part], height=0.6)
            if share >= _FEW_PERCENT:
                text = duration(seconds)
                axes.text(left + share / 2, row, text, ha="center", va="center", fontsize=7)
            left += share
    for part in parts:
        axes.barh(0, 0, color=colours[part], label=part)
    axes.set_yticks(range(len(splits)), [one.title for one in splits])
    axes.set_xlabel("share of the time; medians inside")
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.35), ncols=3, frameon=False, fontsize=7)
    return figure
