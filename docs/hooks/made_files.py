"""Shows what `make notebook` and `make pictures` have written to out/: pictures in the pages that name them, and the executed notebook."""

import re
from html import escape
from pathlib import Path

from mkdocs.structure.files import File

MADE = Path(__file__).parents[2] / "out"
PICTURE = re.compile(r"<!-- picture ([\w/.-]+): (.*?) -->", re.DOTALL)
NOTEBOOK = "<!-- executed notebook -->"


def on_files(files, config):
    """Add the pictures that have been made."""
    for path in sorted((MADE / "pictures").rglob("*.png")):
        address = f"pictures/{path.relative_to(MADE / 'pictures').as_posix()}"
        files.append(File.generated(config, address, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, **kwargs):
    """Put each picture where the page names it, and say how it is made where it has not been."""
    up = "../" * page.file.src_uri.count("/")

    def shown(found):
        name, text = found[1], " ".join(found[2].split())
        if (MADE / "pictures" / name).exists():
            return f"![{text}]({up}pictures/{name})\n\n*{text}*"
        return f"*Picture: {text} (made by `make pictures`).*"

    return PICTURE.sub(shown, markdown)


def on_post_page(output, page, **kwargs):
    """Put the executed notebook into its page, after what searches the text of pages."""
    if NOTEBOOK not in output:
        return output
    path = MADE / "notebooks" / "tour.ipynb"
    return output.replace(NOTEBOOK, notebook_html(path) if path.exists() else missing())


def missing():
    """What stands in place of a notebook that has not been executed."""
    return f"<p><em>{escape('Its outputs stand here once `make notebook` has executed it.')}</em></p>"


def notebook_html(path):
    """Cells and outputs, without a page of their own."""
    import nbformat
    from nbconvert import HTMLExporter

    body, _ = HTMLExporter(template_name="basic").from_notebook_node(nbformat.read(path, nbformat.NO_CONVERT))
    return f'<div class="executed-notebook">{body}</div>'
