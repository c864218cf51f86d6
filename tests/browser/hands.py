"""What a reader's hands and eyes do on the page."""

import re
import time

# Without a sandbox, so that root may start it; without the calls home, which only wait where there is no network.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

LONGEST_ANSWER_S = 120  # machines are busy


def drawn(page, name="path"):
    """Wait until a tab has its first answer."""
    page.wait_for_selector(f"body[data-{name}-serial]", timeout=1000 * LONGEST_ANSWER_S)


def curves(page, stage):
    """The drawn lines of one stage."""
    return page.eval_on_selector_all(f"#card-{stage} .chart path", "lines => lines.map(line => line.getAttribute('d'))")


def set_range(page, name, value):
    """Move a slider as a hand does, and wait for the answer."""
    before = int(page.get_attribute("body", "data-path-serial"))
    page.eval_on_selector(
        f"#{name}",
        "(range, value) => { range.value = value; range.dispatchEvent(new Event('input', {bubbles: true})) }",
        value,
    )
    wait_answer(page, "path", before)


def wait_answer(page, name, before):
    """Wait for the answer to the last question, later than the one known; the page forbids code from text, so its attributes are polled."""
    until = time.monotonic() + LONGEST_ANSWER_S
    while time.monotonic() < until:
        serial, asked = (page.get_attribute("body", f"data-{name}-{each}") for each in ("serial", "asked"))
        if serial and int(serial) > before and serial == asked:
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"no answer for {name}")


def open_tab(page, name):
    page.click(f"#tab-{name}")


def contrast(page, selector):
    """Contrast of the words of an element with what stands behind them, as WCAG defines it."""
    page.wait_for_selector(selector, state="attached")
    colours = page.evaluate(  # found and read in one step, since a redraw may replace the element between the two
        """selector => { const each = document.querySelector(selector); const ink = getComputedStyle(each).color;
        let back = each;
        while (back && getComputedStyle(back).backgroundColor === 'rgba(0, 0, 0, 0)') back = back.parentElement;
        return [ink, getComputedStyle(back || document.body).backgroundColor]; }""",
        selector,
    )
    return mixed_contrast(colours[0], 1.0, colours[1])


def mixed_contrast(colour, opacity, ground):
    """Contrast of a colour that lets some of the ground through, as WCAG defines it for what is seen."""
    ink, back = ([int(number) / 255 for number in re.findall(r"\d+", each)[:3]] for each in (colour, ground))
    light = []
    for channels in ([opacity * one + (1 - opacity) * other for one, other in zip(ink, back, strict=True)], back):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        light.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(light) + 0.05) / (min(light) + 0.05)
