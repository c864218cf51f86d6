"""Tables for a screen of any width: columns of words in, lines that break no word and no number out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

GAP = 2  # characters between columns
READABLE = 16  # characters below which a column of sentences is not narrowed where there is another way
LONG = 28  # characters from which the text of a column may stand below its row
INDENT = 6  # characters before numbers that stand below the words of their row
TALL = 4  # lines of a cell from which its text stands below the row instead


@dataclass(frozen=True)
class FittedTable:
    """A table that takes the shape for which the screen is wide enough.

    columns, right   [column]        headings; whether the column holds numbers
    rows             [row, column]   cells; a line break within one is kept
    title            scalar          sentence above the table, may be empty
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    right: tuple[bool, ...]
    title: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines of the table, as the terminal's library asks a printable thing to."""
        if self.title:
            yield Text(self.title, style="bold")
        yield Text("")
        yield from laid_out(self, console, options.max_width)
        yield Text("")


@dataclass(frozen=True)
class Line:
    """Columns beside each other in one line of a row.

    columns   [column]   their positions
    widths    [column]   characters of each
    indent    scalar     characters before the first
    """

    columns: tuple[int, ...]
    widths: tuple[int, ...]
    indent: int = 0

    @property
    def width(self) -> int:
        """Characters of the whole line."""
        return self.indent + sum(self.widths) + GAP * (len(self.widths) - 1)


@dataclass(frozen=True)
class Shape:
    """Where the cells of a row stand: in one line or two, and the columns whose text stands below these."""

    lines: tuple[Line, ...]
    below: tuple[int, ...] = ()


def laid_out(table: FittedTable, console: Console, width: int) -> Iterator[Text]:
    """Lines of a table, at most `width` characters each unless one word is longer.

    The first shape that fits is taken: all columns beside each other with sentences wrapped, long sentences below their
    row, columns narrowed to their longest word, numbers in a line below the words of their row, blocks of columns under
    one another, one line a cell.
    """
    shape = _one_line(table, width) or _two_lines(table, width)
    blocks = [shape] if shape is not None else _blocks(table, width)
    for number, each in enumerate(blocks):
        if number:
            yield Text("")
        yield from _block(table, each, console, width)
    if not blocks:
        yield from _records(table, console, width)


def _longest_line(table: FittedTable, column: int) -> int:
    return max((line.cell_len for row in table.rows for line in row[column].split("\n")), default=0)


def _longest_word(table: FittedTable, column: int) -> int:
    words = [word for row in table.rows for word in row[column].plain.split()]
    return max((Text(word).cell_len for word in words), default=0)


def _heading_word(table: FittedTable, column: int) -> int:
    return max((len(word) for word in table.columns[column].split()), default=0)


def _least(table: FittedTable, column: int, floor: int) -> int:
    """The least width of a column: numbers whole, sentences down to `floor` characters, words never broken."""
    line = _longest_line(table, column)
    cells = line if table.right[column] else max(_longest_word(table, column), min(line, floor))
    return max(cells, _heading_word(table, column))


def _one_line(table: FittedTable, width: int) -> Shape | None:
    """A shape with one line a row, and long sentences below it; None where the screen is too narrow."""
    every = tuple(range(len(table.columns)))
    long = _long_sentences(table, every[1:])
    for count in range(len(long) + 1):
        line = _line(table, [column for column in every if column not in long[:count]], width, READABLE)
        if line and all(_height(table, *pair) < TALL for pair in zip(line.columns, line.widths, strict=True)):
            return Shape((line,), tuple(sorted(long[:count])))
    for below in ((), tuple(sorted(long))):
        if line := _line(table, [column for column in every if column not in below], width, 0):
            return Shape((line,), below)
    return None


def _two_lines(table: FittedTable, width: int) -> Shape | None:
    """A shape with the leading words of a row in one line and its numbers in the next; None where these do not fit."""
    leading = next((column for column in range(len(table.columns)) if table.right[column]), 0)
    others = range(leading, len(table.columns))
    below = [column for column in others if not table.right[column] and _longest_line(table, column) > READABLE]
    words = _line(table, range(leading), width, READABLE) or _line(table, range(leading), width, 0)
    numbers = _line(table, [column for column in others if column not in below], width, 0, indent=INDENT)
    return Shape((words, numbers), tuple(sorted(below))) if leading and words and numbers else None


def _long_sentences(table: FittedTable, columns: Sequence[int]) -> list[int]:
    """Columns of sentences so long that they may stand below their row, the longest first."""
    widest = sorted(columns, key=lambda column: -_longest_line(table, column))
    return [column for column in widest if not table.right[column] and _longest_line(table, column) >= LONG]


def _line(table: FittedTable, columns: Sequence[int], width: int, floor: int, *, indent: int = 0) -> Line | None:
    """Columns beside each other, room given where most lines are saved; None where they do not fit."""
    widths = [_least(table, column, floor) for column in columns]
    full = [max(_longest_line(table, column), len(table.columns[column])) for column in columns]
    room = width - indent - sum(widths) - GAP * (len(columns) - 1)
    if room < 0 or not widths:
        return None
    for _ in range(room):
        gains = [most / max(now, 1) for most, now in zip(full, widths, strict=True)]
        if max(gains) <= 1:
            break
        widths[gains.index(max(gains))] += 1
    return Line(tuple(columns), tuple(widths), indent)


def _height(table: FittedTable, column: int, width: int) -> float:
    """About how many lines the longest cell of a column takes."""
    return _longest_line(table, column) / max(width, 1)


def _blocks(table: FittedTable, width: int) -> list[Shape]:
    """Blocks of columns under one another, each with the leading columns of words; empty where not even two columns fit."""
    leading = next((column for column in range(len(table.columns)) if table.right[column]), 1)
    for keys in range(max(leading, 1), 0, -1):
        shapes = _blocks_after(table, tuple(range(keys)), width)
        if shapes:
            return shapes
    return []


def _blocks_after(table: FittedTable, keys: tuple[int, ...], width: int) -> list[Shape]:
    blocks: list[list[int]] = []
    for column in range(len(keys), len(table.columns)):
        if not blocks or not _line(table, [*keys, *blocks[-1], column], width, READABLE):
            blocks.append([])
        blocks[-1].append(column)
    lines = [_line(table, [*keys, *block], width, READABLE) for block in blocks]
    return [Shape((line,)) for line in lines if line] if all(lines) else []


def _block(table: FittedTable, shape: Shape, console: Console, width: int) -> Iterator[Text]:
    """Lines of one block: headings, a rule, the rows."""
    labelled = len(shape.below) > 1
    headings = [Text(name, style="bold") for name in table.columns]
    for line in shape.lines:
        yield from _beside(table, line, headings, console, bottom=True)
    if shape.below and not labelled:
        yield Text(f"  {table.columns[shape.below[0]]}", style="bold")
    yield Text("─" * max(line.width for line in shape.lines))
    for row in table.rows:
        for line in shape.lines:
            yield from _beside(table, line, row, console)
        for column in shape.below:
            if row[column].plain.strip():
                label = f"{table.columns[column]}: " if labelled else ""
                said = Hanging(Text(f"  {label}", style="dim" if labelled else ""), row[column], 4)
                yield from hanging(said, console, width)


def _beside(
    table: FittedTable, line: Line, row: Sequence[Text], console: Console, *, bottom: bool = False
) -> Iterator[Text]:
    """Lines of cells beside each other; headings stand at the bottom of theirs."""
    wrapped = [_wrapped(row[column], width, console) for column, width in zip(line.columns, line.widths, strict=True)]
    height = max(map(len, wrapped), default=0)
    for at in range(height):
        made = Text(" " * line.indent)
        for column, lines, width in zip(line.columns, wrapped, line.widths, strict=True):
            place = at - (height - len(lines)) if bottom else at
            shown = lines[place].copy() if 0 <= place < len(lines) else Text()
            shown.pad_left(width - shown.cell_len) if table.right[column] else shown.pad_right(width - shown.cell_len)
            made.append_text(shown).append(" " * GAP)
        made.rstrip()
        yield made


def _wrapped(text: Text, width: int, console: Console) -> list[Text]:
    lines = list(text.wrap(console, max(width, 1)))
    for line in lines:
        line.rstrip()
    return lines


@dataclass(frozen=True)
class Hanging:
    """A text after a label, wrapped between words; later lines begin `indent` characters from the left."""

    label: Text
    text: Text
    indent: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines, as the terminal's library asks a printable thing to."""
        yield from hanging(self, console, options.max_width)


def hanging(said: Hanging, console: Console, width: int) -> Iterator[Text]:
    """Lines of a labelled text, of at most `width` characters unless one word is longer."""
    whole = said.label.copy().append_text(said.text)
    first, *others = _wrapped(whole, width, console) or [whole]
    yield first
    if others:
        # what does not stand in the first line, without the space that the line break replaces
        left = whole[len(first.plain.rstrip()) :]
        left = left[len(left.plain) - len(left.plain.lstrip()) :]
        for line in _wrapped(left, width - said.indent, console):
            yield Text(" " * said.indent).append_text(line)


def _records(table: FittedTable, console: Console, width: int) -> Iterator[Text]:
    """Lines of a table one cell a line, the heading before each."""
    for number, row in enumerate(table.rows):
        if number:
            yield Text("")
        for column, (heading, cell) in enumerate(zip(table.columns, row, strict=True)):
            label = Text(f"{'' if not column else '  '}{heading}: " if heading else "", style="dim")
            flat = Text(" ").join(cell.split("\n")) if "\n" in cell.plain else cell
            yield from hanging(Hanging(label, flat, 4), console, width)
