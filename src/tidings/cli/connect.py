"""`tidings connect`: a dashboard tool gets a login of its own, and the files that use it."""

import os
from pathlib import Path

import rich_click as click

from tidings.app.parts import Parts
from tidings.cli.installation import COMMAND_LINE, with_parts
from tidings.cli.output import as_json, print_json
from tidings.dashboards.connecting import Connected, Connecting, Wanted
from tidings.dashboards.kits import Tool


@click.command()
@click.argument("tool", type=click.Choice([tool.value for tool in Tool]))
@click.option("--table", default="", help="One table; all if absent.")
@click.option("--name", default="", help="Who it is for; the login is called so.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where the files go; they hold a secret.")
@click.option("--over-http", "is_over_http", is_flag=True, help="Read over HTTP even where PostgreSQL could be read.")
@as_json
def connect(*, tool: str, table: str, name: str, out: Path | None, is_over_http: bool, is_json: bool) -> None:
    """Connect a dashboard tool: print what to do, and write the files that it opens.

    The login reads the tables and nothing else. `tidings connector revoke` or `tidings tables drop-role` ends it.
    """
    wanted = Wanted(tool=Tool(tool), table=table, name=name, is_over_http=is_over_http)

    async def work(parts: Parts) -> Connected:
        connecting = Connecting(parts.access, parts.open_query, base_url=parts.settings.base_url)
        return await connecting.connect(wanted, actor=COMMAND_LINE)

    made = with_parts(work)
    folder = out or Path(f"tidings-{tool}")
    files = {path: text.encode() for path, text in made.kit.files.items()} | dict(made.kit.archives)
    for path, content in files.items():
        _write(folder / path, content)
    if is_json:
        written = [str(folder / path) for path in files]
        print_json({"steps": made.kit.steps, "files": written, "connector": made.connector, "role": made.role})
        return
    click.echo(made.kit.steps)
    click.echo(f"files  {folder}/\nlogin  {made.connector or made.role}")


def _write(path: Path, content: bytes) -> None:
    """For its owner alone: it holds a secret."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
