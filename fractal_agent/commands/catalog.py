"""`roles` and `architectures`: what there is to choose from."""

from fractal_agent.commands.options import Json, Plugins


def roles(plugin: Plugins = None, json: Json = False) -> None:
    """List the roles: what each takes and returns.

    \b
    For example:
      roles --plugin my_repairer.py
    """  # noqa: D301 - the backspace keeps the lines apart
    from fractal_agent.commands.reading import loaded

    rows: list[dict[str, str | list[str]]] = [
        {
            "name": role.name,
            "takes": [cls.__name__ for cls in role.accepts],
            "returns": [cls.__name__ for cls in role.returns],
            "purpose": role.purpose,
        }
        for role in loaded(plugin).roles.values()
    ]
    _print(rows, json)


def architectures(plugin: Plugins = None, json: Json = False) -> None:
    """List the architectures: how roles work together.

    \b
    For example:
      architectures --json
    """  # noqa: D301 - the backspace keeps the lines apart
    from fractal_agent.commands.reading import loaded

    found = loaded(plugin).architectures.values()
    _print([{"name": one.name, "purpose": one.purpose} for one in found], json)


def _print(rows: "list[dict[str, str | list[str]]]", json: bool) -> None:
    from fractal_agent.commands.options import console, print_json

    if json:
        print_json(rows)
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        cells = (value if isinstance(value, str) else " | ".join(value) for value in row.values())
        table.add_row(*(Text(cell) for cell in cells))
    console().print(table)
