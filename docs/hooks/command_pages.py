"""Writes a page for each command when the docs are built, from the parser of the command line itself: nothing of it is typed by hand."""

import re

import typer
from mkdocs.structure.files import File

from resprout.app.cli import app

FOLDER = "commands"
EXIT_CODES = {
    "0": "done",
    "1": "a fault of the program",
    "2": "an input that cannot be taken; nothing has been written",
    "3": "patients that could not be solved, or nothing to report",
    "130": "interrupted",
}
BOUNDS = re.compile(r"\s*\[([^\[\]]*)\]$")
EXAMPLE = re.compile(r"^Example: `(.*)`$", re.MULTILINE | re.DOTALL)


def on_config(config):
    """Put the pages into the navigation, before the engine."""
    pages = [{"All commands": f"{FOLDER}/index.md"}, *({name: address(name)} for name in commands())]
    place = next(at for at, entry in enumerate(config["nav"]) if "The engine" in entry)
    config["nav"].insert(place, {"Commands": pages})
    return config


def on_files(files, config):
    """Add a page for each command, and one that lists them."""
    for uri, text in command_pages().items():
        files.append(File.generated(config, uri, content=text))
    return files


def commands():
    """Every command by its full name, as a reader types it behind `resprout`."""
    found = {}
    for name, command in typer.main.get_command(app).commands.items():
        inner = getattr(command, "commands", None)
        found |= {name: command} if inner is None else {f"{name} {each}": one for each, one in inner.items()}
    return found


def address(name):
    """The file of a command's page."""
    return f"{FOLDER}/{name.replace(' ', '-')}.md"


def command_pages():
    """By file: the text of each page."""
    every = commands()
    listed = [[f"[`{name}`]({address(name).partition('/')[2]})", summary(command)] for name, command in every.items()]
    codes = table(["exit code", "meaning"], EXIT_CODES.items())
    index = f"# Commands\n\nEach is a word behind `resprout`; `--help` says the same in the terminal.\n\n{table(['command', ''], listed)}\n\n{codes}\n"
    return {f"{FOLDER}/index.md": index} | {address(name): page_of(name, command) for name, command in every.items()}


def page_of(name, command):
    """What a command does, how it is called, an example, and its arguments and options."""
    context = command.context_class(command, info_name=f"resprout {name}")
    usage = command.get_usage(context).removeprefix("Usage: ")
    example = EXAMPLE.search(command.help)
    text = EXAMPLE.sub("", command.help).strip()
    parts = [f"# resprout {name}", text, f"```text\n{usage}\n```"]
    parts += ["## Example", f"```bash\n{' '.join(example[1].split())}\n```"] if example else []
    for kind, title in (("argument", "Arguments"), ("option", "Options")):
        rows = [row_of(each, context) for each in command.params if each.param_type_name == kind and not each.hidden]
        parts += [f"## {title}", table([kind, "meaning", "default, bounds"], rows)] if rows else []
    return "\n\n".join(parts) + "\n"


def row_of(parameter, context):
    """One argument or option: its names, what it means, its default and bounds."""
    names, meaning = parameter.get_help_record(context)
    bounds = BOUNDS.search(meaning)
    return [f"`{names}`", BOUNDS.sub("", meaning), bounds[1] if bounds else ""]


def summary(command):
    """The first sentence of what a command does."""
    return " ".join(command.help.partition("\n\n")[0].split())


def table(columns, rows):
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell(each) for each in line) + " |" for line in lines)


def cell(text):
    """A text that cannot break a table; within a code span, brackets stay as they are."""
    safe = str(text).replace("|", "\\|")
    return safe if safe.startswith("`") else safe.replace("<", "&lt;")
