"""The first columns of `trials.csv`: which trial a row is of, its settings, what became of it."""

from __future__ import annotations

from contract.columns.column import Column
from contract.origins import ORIGINS
from contract.outcomes import OUTCOMES, VALIDITIES
from contract.settings.setting import Setting, declared
from contract.settings.trial import Settings
from contract.void_causes import SPOILED_BY


def _of_setting(one: Setting) -> Column:
    """The column that holds a setting, by the same name."""
    least = one.low if one.least is None else one.least
    name = one.help.partition(" ")[0]
    meaning = one.help if name.isupper() and len(name) > 1 else one.help[0].lower() + one.help[1:]
    return Column(
        one.name,
        one.kind,
        meaning if one.own is None else f"{meaning}; empty: the server's own",
        required=not one.optional,
        choices=one.choices,
        added=one.added,
        default=one.default,
        minimum=least or 0,
    )


IDENTITY: tuple[Column, ...] = (
    Column("experiment", "text", "name of the experiment file", True),
    Column("run", "text", "identifier of the run", True),
    Column("trial", "text", "identifier of the trial: settings and repeat", True),
    Column("point", "text", "the settings alone: equal for all repeats of a trial", True),
    Column("sweep", "text", "part of the experiment that asked for it; reference for A/A", True),
    Column("block", "int", "one shuffled pass over all trials, from 1", True, minimum=1),
    Column("position", "int", "place in the order of the run, from 1", True, minimum=1),
    Column("repeat", "int", "repeat of this point, from 1", True, minimum=1),
    Column(
        "attempt",
        "int",
        "which measurement of this trial it is, from 1; another follows one that was spoiled, and "
        "not by the server",
        minimum=1,
        added=True,
    ),
    Column("origin", "text", "whose server: the lab's, a reference, foreign", True, ORIGINS),
    *(_of_setting(one) for one in declared(Settings).values()),
    Column("load_cores", "int", "cores that the load workers had; fewer: some shared one"),
    Column("outcome", "text", "completed, or failed before a window was measured", True, OUTCOMES),
    Column(
        "validity",
        "text",
        "what bounded a trial that was measured; or limit_reached, starved, void",
        True,
        VALIDITIES,
    ),
    Column("reason", "text", "why it was not measured, or what is to be known of it, in words"),
    Column(
        "spoiled_by",
        "text",
        "who spoiled a void trial; server_limit, server_starved: the cause of those words",
        choices=SPOILED_BY,
        added=True,
    ),
    Column("server_limit", "text", "limit that the server named in its log, if any"),
    Column("started_at", "text", "ISO 8601, UTC", True),
    Column("overhead_s", "float", "time of the trial beside warm-up and window; empty: unknown"),
    Column(
        "warmed_up_s",
        "float",
        "load before the window, as it was: where warm_up_s is empty, until its rate was steady",
        added=True,
    ),
)
