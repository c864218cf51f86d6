"""The page a report is laid out on: sections of HTML in, one self-contained file out, that opens without a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

NOTICE = (
    "For research and teaching only. This is a simulator for testing hypotheses about mechanisms; its patients are "
    "virtual. Nothing here is medical advice, and nothing here says what a person should take."
)


@dataclass(frozen=True)
class Section:
    """One section of a page: a word for the address, a heading, and its HTML."""

    key: str
    heading: str
    body: str


def page(title: str, lead: str, sections: Sequence[Section], foot: str) -> str:
    """Lay sections out on one page with its styles and scripts inside."""
    from plotly.offline import get_plotlyjs

    links = "".join(f'<a href="#{section.key}">{escape(section.heading)}</a>' for section in sections)
    bodies = "".join(
        f'<section id="{section.key}"><h2>{escape(section.heading)}</h2>{section.body}</section>'
        for section in sections
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{part('report.css')}</style><script>{get_plotlyjs()}</script></head><body>"
        f'<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>'
        f'<p class="notice">{NOTICE}</p><nav>{links}</nav></header>'
        f"<main>{bodies}</main><footer>{escape(foot)}</footer><script>{part('report.js')}</script></body></html>"
    )


def part(name: str) -> str:
    """Text of a file that lies beside this one."""
    return resources.files("resprout.app").joinpath(name).read_text(encoding="utf-8")


def drawn(figure: go.Figure, shape: str = "") -> str:
    """A figure as HTML that expects the drawing library to be on the page already; `tall` shrinks to one sheet."""
    save = {"modeBarButtons": [["toImage"]], "toImageButtonOptions": {"format": "svg", "filename": "resprout"}}
    config = {"displaylogo": False, "responsive": True, **save}
    inner = figure.to_html(full_html=False, include_plotlyjs=False, config=config)
    return f'<div class="wide"><div class="figure {shape}">{inner}</div></div>'


def html_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], right: Iterable[str] = ()) -> str:
    """A table; columns named in `right` hold numbers. Cells are text, or `Raw` for HTML."""
    numeric = set(right)
    marks = ['class="number"' if column in numeric else "" for column in columns]
    # a heading without words is none to a reader of screens
    head = "".join(
        f"<th {mark}>{escape(column)}</th>" if column else f"<td {mark}></td>"
        for column, mark in zip(columns, marks, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f"<td {mark}>{cell_html(cell)}</td>" for cell, mark in zip(row, marks, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


@dataclass(frozen=True)
class Raw:
    """HTML that is not to be escaped."""

    html: str


def with_note(text: str, note: str) -> Raw:
    """A cell with a smaller line under it, if there is one to write."""
    return Raw(f'<div class="what">{escape(text)}{f"<small>{escape(note)}</small>" if note else ""}</div>')


def cell_html(cell: Any) -> str:
    """The HTML of one cell."""
    return cell.html if isinstance(cell, Raw) else escape(str(cell))


def html_list(texts: Sequence[str]) -> str:
    """Plain sentences as a list; nothing where there are none."""
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>" if texts else ""


def paragraphs(*texts: str) -> str:
    """Plain sentences as paragraphs."""
    return "".join(f"<p>{escape(text)}</p>" for text in texts if text)
