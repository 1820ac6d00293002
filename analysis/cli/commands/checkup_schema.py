"""`checkup_schema`: the JSON schema of `checkup.json`."""

from __future__ import annotations

import json

import click

from analysis.checkup.document import CheckUpFound


@click.command("checkup_schema")
def command() -> None:
    """Print the JSON schema of checkup.json, for who reads it."""
    click.echo(json.dumps(CheckUpFound.model_json_schema(), indent=2))
