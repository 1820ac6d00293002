"""The options of a load as Locust's command line and form offer them: in groups, each explained.

Locust's form is one list in the order of the arguments, so the groups are their order; the
headings above them come from the page's own script (page/form.js), which reads `headings`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.settings.load_settings import BAD_CLIENTS, IDLE, LOAD, REQUEST, SCHEDULE, SWEEP
from contract.settings.setting import Setting
from loadgen.master.offered import first, known_servers
from loadgen.options import knobs

if TYPE_CHECKING:  # importing Locust patches the standard library
    from locust.argument_parser import LocustArgumentParser

GROUPS = {
    REQUEST: "What is asked of the server, and what has to come back.",
    LOAD: "A closed loop sends on the answer to the last request, on connections that stay "
    "(keep_alive) or on a new one each time; an open loop sends when it is due. "
    "A user is a connection.",
    SCHEDULE: "Of the open loops alone. A request's response time runs from the moment when it "
    "was due, its service time from the moment when it left.",
    IDLE: "They are open beside the users' and send next to nothing.",
    BAD_CLIENTS: "They are counted apart: the question is what they do to the good ones.",
}
"""What is told of each group of the form below its heading."""
TYPES = {"text": str, "int": int, "float": float}


def of_group(title: str) -> dict[str, Setting]:
    """The options of a group, by name; of SWEEP, those that no person sets."""
    return {name: one for name, one in knobs().items() if one.form == title}


def explained(one: Setting) -> str:
    """The help with what is allowed, where a list of choices does not show it."""
    if not one.is_number:
        return one.help
    low, high = one.span(one.first)
    return f"{one.help}; {low:g} to {f'{high:,g}' if high < 1e6 else f'{high:,.0f}'}"


def add_options(parser: LocustArgumentParser) -> None:
    """Everything that a sweep sets, a person sets in the form."""
    servers = known_servers()
    if servers:
        parser.add_argument(
            "--server", default=first(), choices=servers, help="the variant to load"
        )
    else:
        _add(parser, Setting(name="server", default="", help="Server variant to load"))
    for group in (*GROUPS, SWEEP):
        for one in of_group(group).values():
            _add(parser, one)


def _add(parser: LocustArgumentParser, one: Setting) -> None:
    parser.add_argument(
        "--" + one.name.replace("_", "-"),
        type=TYPES[one.kind],
        default=one.first,
        choices=list(one.offered or one.choices) or None,
        include_in_web_ui=bool(one.form),
        help=explained(one),
    )


def several_lines() -> list[str]:
    """For the page: the options whose text may have more than one line."""
    return [name for name, one in knobs().items() if one.several_lines and one.form]


def headings() -> list[dict[str, str]]:
    """For the page: each group's title and text, and the option that it stands above."""
    return [
        {"title": title, "text": text, "above": next(iter(of_group(title)))}
        for title, text in GROUPS.items()
    ]
