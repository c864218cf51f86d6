"""Draws what benchmarks/record.py measured, when the docs are built: nothing here is measured or typed by hand."""

import io
import json
from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot as plt

PLOTS = "<!-- engine figures -->"
FILE = Path(__file__).parents[2] / "benchmarks" / "recorded.json"
COLOUR = {"Rodas4": "#228EF0", "Rodas5P": "#C8602F"}


def on_page_markdown(markdown, **kwargs):
    """Put the figures where the page has its placeholder; without measurements, say so."""
    if PLOTS not in markdown:
        return markdown
    if not FILE.exists():
        return markdown.replace(PLOTS, "*Nothing is recorded yet: `python benchmarks/record.py` measures.*")
    recorded = json.loads(FILE.read_text())
    return markdown.replace(
        PLOTS,
        "\n\n".join(
            [
                bench_table(recorded),
                repeated_table(recorded),
                work_precision(recorded),
                peak_text(recorded),
                scaling(recorded),
            ]
        ),
    )


def bench_table(recorded):
    """Every program at the same error."""
    lines = [
        f"Measured on {recorded['machine']}; the model had {recorded['model']['states']} states "
        f"(digest `{recorded['model']['digest']}`). The last column is what a program does when it is given all of them.",
        "",
        "| error at most | program | states | patients/s on one core | beside libRoadRunner | error | tolerance | ready in | patients/s, whole model |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for target, rows in recorded["bench"].items():
        lines += [
            f"| {float(target):g} | {row['tool']} | {row.get('states', '–')} | {speed_cells(row)} "
            f"| {row['model_build_s']:.1f} s | {rate(row.get('whole_model_patients_per_second_per_core'))} |"
            for row in rows
        ]
    return "\n".join(lines)


def repeated_table(recorded):
    """Every program at the same error under repeated doses; nothing where none was measured."""
    if not recorded.get("repeated"):
        return ""
    lines = [
        "Repeated doses, at an error of at most 1e-4:",
        "",
        "| doses | program | states | patients/s on one core | beside libRoadRunner | error | tolerance |",
        "| --- | --- | --: | --: | --: | --: | --: |",
    ]
    for given, rows in recorded["repeated"].items():
        lines += [f"| {given} | {row['tool']} | {row['states']} | {speed_cells(row)} |" for row in rows]
    return "\n".join(lines)


def speed_cells(row):
    """What every table of programs says of one: speed, ratio, error and tolerance."""
    speed, error = rate(row["patients_per_second_per_core"]), row["max_relative_error"]
    return f"{speed} | {row['ratio_to_libroadrunner']:.3g}x | {error:.1e} | {row['tolerance']:.1e}"


def rate(value):
    """Patients per second, with a decimal where there are few."""
    return "–" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def work_precision(recorded):
    """Error against time, a line a method."""
    figure, axes = plt.subplots(figsize=(6.4, 3.8))
    for method, colour in COLOUR.items():
        rows = [row for row in recorded["work_precision"] if row["method"] == method]
        errors, times = [row["error"] for row in rows], [1e3 * row["seconds_per_patient"] for row in rows]
        axes.loglog(times, errors, "o-", color=colour, label=method)
    axes.axhline(1e-4, color="#7D8590", lw=1, ls="--")
    axes.annotate("error limit", (axes.get_xlim()[0], 1e-4), xytext=(4, 4), textcoords="offset points", color="#7D8590")
    axes.set_xlabel("milliseconds per patient, one core")
    axes.set_ylabel("largest relative error of any output")
    axes.legend(frameon=False)
    return "## Work-precision curves\n\n" + inline(figure)


def peak_text(recorded):
    """The share of the core's limit."""
    peak = recorded["peak"]
    return (
        "## Share of peak performance\n\n"
        f"One step is {peak['flops_per_step']:,.0f} floating-point operations and a patient takes "
        f"{peak['steps_per_patient']:.0f} steps, {peak['flops_per_patient'] / 1e6:.2f} million operations. A core that does "
        f"nothing but fused multiply-adds reaches {peak['peak_gflops']:.0f} Gflop/s here; the engine, steady state, step control "
        f"and output included, reaches {peak['reached_gflops']:.1f}: **{peak['share']:.0%} of the limit**. The remainder goes "
        "to loads and stores of values that do not fit in registers, to divisions and to products that no addition follows."
    )


def scaling(recorded):
    """Time per patient against patients, outputs and states."""
    figure, panels = plt.subplots(1, 3, figsize=(9, 3), sharey=True)
    for axes, (what, rows) in zip(panels, recorded["scaling"].items(), strict=True):
        rows = sorted(rows, key=lambda row: row[what])
        axes.plot(
            [row[what] for row in rows], [1e3 * row["seconds_per_patient"] for row in rows], "o-", color="#1E7B59"
        )
        axes.set_xlabel(f"{what} solved" if what == "states" else what)
        axes.set_ylim(bottom=0)
    panels[0].set_xscale("log")
    panels[0].set_ylabel("ms per patient, one core")
    return "## Scaling\n\n" + inline(figure)


def inline(figure):
    """A figure as SVG inside the page, readable in both colour schemes."""
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    figure.tight_layout()
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", facecolor="white")
    plt.close(figure)
    return "<div>" + buffer.getvalue()[buffer.getvalue().index("<svg") :] + "</div>"
