"""Draws which package of resprout imports which, when the docs are built, from the import statements of the source itself."""

import io

import grimp
import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt

GRAPH = "<!-- import graph -->"
PACKAGE = "resprout"
INK, FAINT = "#3C4650", "#7D8590"


def on_page_markdown(markdown, **kwargs):
    """Put the drawing where the page has its placeholder."""
    return markdown.replace(GRAPH, drawing(*package_imports())) if GRAPH in markdown else markdown


def package_imports():
    """Packages from the topmost down, and how many import statements lead from one to another."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    packages = sorted(name.rpartition(".")[2] for name in graph.find_children(PACKAGE))
    counts = {}
    for importer in packages:
        for imported in packages:
            if importer != imported:
                whole = f"{PACKAGE}.{importer}", f"{PACKAGE}.{imported}"
                inside = [{name, *graph.find_descendants(name)} for name in whole]
                found = sum(len(graph.find_modules_directly_imported_by(one) & inside[1]) for one in inside[0])
                counts[importer, imported] = found
    counts = {pair: count for pair, count in counts.items() if count}
    return topmost_first(packages, counts), counts


def topmost_first(packages, counts):
    """Packages in an order in which each imports only from those behind it; ValueError if there is a cycle."""
    left, order = set(packages), []
    while left:
        free = sorted(one for one in left if not any((other, one) in counts for other in left))
        if not free:
            raise ValueError(f"these packages import one another: {', '.join(sorted(left))}")
        order.append(free[0])
        left.remove(free[0])
    return order


def drawing(order, counts):
    """A row a package; an arc from each to every package it imports from, thicker for more import statements."""
    figure, axes = plt.subplots(figsize=(5.4, 0.34 * len(order) + 0.4))
    row = {name: -place for place, name in enumerate(order)}
    for (importer, imported), count in counts.items():
        top, bottom = row[importer], row[imported]
        bend = 0.16 * (top - bottom) + 0.12
        axes.annotate(
            "",
            xy=(0.02, bottom),
            xytext=(0.02, top),
            arrowprops={
                "arrowstyle": "-|>,head_width=0.12,head_length=0.25",
                "connectionstyle": f"arc3,rad={-0.5 - 0.02 * bend}",
                "color": INK if count >= 5 else FAINT,
                "lw": min(0.5 + 0.08 * count, 2.4),
                "alpha": 0.75,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
    for name, place in row.items():
        axes.text(-0.04, place, name, ha="right", va="center", fontsize=10, color=INK, family="monospace")
        axes.plot(0, place, "o", ms=4, color=INK)
    axes.set_xlim(-0.45, 0.62)
    axes.set_ylim(-len(order) + 0.4, 0.6)
    axes.axis("off")
    out = io.StringIO()
    figure.savefig(out, format="svg", bbox_inches="tight", transparent=True)
    plt.close(figure)
    svg = out.getvalue()
    return svg[svg.index("<svg") :]
