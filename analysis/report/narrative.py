"""The first sentences of a report: what happened on this machine.

Each sentence is a function of the run; it is '' when the run has no data for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.claims.claim import load_claims
from analysis.claims.judgement import Word
from analysis.claims.verdicts import Verdict, counted
from analysis.failures import of_run
from analysis.outcomes.causes import causes
from analysis.outcomes.limits_hit import limits_hit
from analysis.outcomes.lower_bounds import bounded
from analysis.records.run import Run
from analysis.records.words import limit_reached, starved
from analysis.selection.sweeps import IDLE, backlog_sweep, idle_sweep
from analysis.selection.trials import at
from analysis.statistics.estimates import summarise
from analysis.statistics.extremes import between_servers, in_words
from analysis.statistics.noise_floor import noise_floor
from analysis.wording import (
    at_least,
    count,
    duration,
    listed,
    number,
    plural,
    server_name,
    share,
    size,
    with_unit,
)

FEWEST_EQUAL = 4
"""Reference trials; fewer say little about the next one."""


def lead(run: Run, verdicts: Sequence[Verdict]) -> str:
    """The first paragraph: whether the argument holds, what ran, what stands out, how the claims
    fared."""
    return _joined(_argument(verdicts), _what_ran(run), _idle(run), _verdicts(verdicts))


def more(run: Run) -> str:
    """The second paragraph: limits, waits, threads, backlog, noise."""
    return _joined(_limits(run), _readiness(run), _threads(run), _backlog(run), _noise(run))


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _argument(verdicts: Sequence[Verdict]) -> str:
    """The answer to the reader's question, by the claims that are parts of the argument; '' where
    none of them was judged. It holds where all of them do: what was not asked is no part less."""
    by_word: dict[Word, list[str]] = {word: [] for word in Word}
    for one in {one.claim: one for one in verdicts}.values():
        if one.details and one.details.argument:
            seen = "" if one.measured is None else f" ({with_unit(one.measured, one.unit)})"
            by_word[one.verdict].append(f"{one.title}{seen}")
    held, refuted, unknown = (
        by_word[word] for word in (Word.REPRODUCED, Word.REFUTED, Word.INCONCLUSIVE)
    )
    judged = len(held) + len(refuted) + len(unknown)
    if not judged:
        return ""
    if not held and not refuted:
        return f"Whether the C10K argument holds on this machine is not decided: {listed(unknown)}."
    parts = sum(claim.argument for claim in load_claims().values())
    extent = "" if len(held or refuted) == parts else f" in {len(held or refuted)} of {parts} parts"
    holds = f"{'holds' if held else 'does not hold'}{extent}"
    left = parts - judged
    told = [
        f"The C10K argument {holds} on this machine{f': {listed(held)}' if held else ''}",
        *([f"refuted here: {listed(refuted)}"] if refuted else []),
        *([f"not decided: {listed(unknown)}"] if unknown else []),
        *([f"{left} {'was' if left == 1 else 'were'} not judged"] if left else []),
    ]
    return f"{'; '.join(told)}."


def _what_ran(run: Run) -> str:
    servers = run.trials["server"].nunique()
    blocks = int(run.trials["block"].nunique())
    text = (
        f"{plural(servers, 'server')} stood up to {plural(len(run.trials), 'trial')} in "
        f"{plural(blocks, 'block')} on this machine"
    )
    spoiled = len(run.void)
    if spoiled == len(run.trials):
        return f"{text}, and every trial was void: there is nothing to judge."
    found = [
        (int(limit_reached(run.trials).sum()), "in {} a server reached a limit of its own"),
        (int(starved(run.trials).sum()), "in {} clients were starved"),
        (spoiled, f"{{}} {'is' if spoiled == 1 else 'are'} void and left out of every figure"),
    ]
    parts = [told.format(f"{many:,}") for many, told in found if many]
    why = f" ({of_run(run.trials)})" if spoiled else ""
    return f"{text}{'; ' if parts else ''}{listed(parts)}{why}."


def _idle(run: Run) -> str:
    """The rates of the best and the worst server at the most idle connections."""
    trials = idle_sweep(run)
    valid = at(trials, valid=True)
    if not len(valid):
        return ""
    rates = summarise(valid, ["server", IDLE], ["requests_per_s"])
    most = int(rates[IDLE].max())
    last = rates[(rates[IDLE] == most) & rates["requests_per_s"].notna()].sort_values(
        "requests_per_s"
    )
    if not len(last) or most == 0:
        return ""
    active = count(float(valid["active_connections"].iloc[0]))
    best, worst = last.iloc[-1], last.iloc[0]

    def left(one: pd.Series[float]) -> str:
        return _survivors(at(trials, server=str(one["server"]), **{IDLE: most}))

    text = (
        f"With {count(most)} idle connections beside {active} active ones, "
        f"{server_name(str(best['server']))} answered {number(best['requests_per_s'])} requests "
        f"a second{left(best)}"
    )
    if len(last) == 1:
        return f"{text}."
    if not worst["requests_per_s"]:  # nothing is a multiple of nought
        return f"{text} and {server_name(str(worst['server']))} none{left(worst)}."
    difference = between_servers(at(valid, **{IDLE: most}), "requests_per_s")
    return (
        f"{text} and {server_name(str(worst['server']))} {number(worst['requests_per_s'])}"
        f"{left(worst)}, a difference of {in_words(difference)}."
    )


def _limits(run: Run) -> str:
    """The first servers that stopped at a limit, and how far they went."""
    reached: dict[tuple[str, str], list[str]] = {}
    for hit in limits_hit(run.trials):
        held = count(hit.held) if np.isfinite(hit.held) else "a number of"
        mine = reached.setdefault((hit.server, hit.limit.split(":")[0]), [])
        if (text := f"{held} {hit.of}") not in mine:
            mine.append(text)
    texts = [
        f"{server_name(server)} could not go beyond {listed(mine, 'or')} ({limit})"
        for (server, limit), mine in list(reached.items())[:3]
    ]
    return f"{_capital(listed(texts))}." if texts else ""


def _readiness(run: Run) -> str:
    """The shortest and the longest wait among the most descriptors."""
    valid = at(run.trials, valid=True, load="one_wait")
    if not len(valid):
        return ""
    waits = summarise(at(valid, watched=valid["watched"].max()), ["server"], ["wait_us"])
    if len(waits) < 2:
        return ""
    waits = waits.sort_values("wait_us")
    best, worst = waits.iloc[0], waits.iloc[-1]
    return (
        f"A wait for one of {count(valid['watched'].max())} descriptors took "
        f"{duration(best['wait_us'])} with {server_name(str(best['server']))} and "
        f"{duration(worst['wait_us'])} with {server_name(str(worst['server']))}."
    )


def _threads(run: Run) -> str:
    total = ["active_connections", IDLE]
    mine = at(run.trials, server="thread_per_connection")
    valid = at(mine, valid=True)
    threads = valid["server_threads"].to_numpy(dtype="float64", na_value=np.nan)
    if not len(threads) or not np.nanmax(threads, initial=0) > 100:
        return ""
    top = valid[threads == np.nanmax(threads)]
    same = mine[mine[total].sum(axis=1) == top[total].sum(axis=1).iloc[0]]
    return (
        f"A thread for every client went as far as {count(float(np.nanmax(threads)))} threads in "
        f"{size(_median(top['server_rss_bytes']))} of memory, and still answered "
        f"{number(_median(top['requests_per_s']))} requests a second{_survivors(same)}."
    )


def _survivors(trials: pd.DataFrame) -> str:
    """Which trials a figure is of, where some that the server failed have none."""
    found = causes(trials)
    if not found.failed_share:
        return ""
    return f" (in the {found.valid:,} of {plural(found.counted, 'trial')} that it did not fail)"


def _backlog(run: Run) -> str:
    valid = at(backlog_sweep(run), valid=True, server="iterative")
    if valid["backlog"].nunique() < 2:
        return ""
    short = valid[valid["backlog"] == valid["backlog"].min()]
    long = valid[valid["backlog"] == valid["backlog"].max()]
    return (
        f"With {count(_median(short['active_connections']))} clients and a new connection for each "
        f"request, a listen backlog of {count(_median(short['backlog']))} made one request in a "
        f"thousand wait {_tail(run, short)}, against {_tail(run, long)} with "
        f"{count(_median(long['backlog']))}."
    )


def _tail(run: Run, trials: pd.DataFrame) -> str:
    """The median p99.9 of trials of the run."""
    text = duration(_median(trials["response_p999_us"]))
    flags = bounded(run).get("response_p999_us")
    return at_least(text) if flags is not None and flags[trials.index].any() else text


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    counts = counted(verdicts)
    parts = [f"{times} {'was' if times == 1 else 'were'} {word}" for word, times in counts.items()]
    return f"Of {plural(len(verdicts), 'claim')}, {listed(parts)}."


def _noise(run: Run) -> str:
    noise = noise_floor(run.trials)
    if noise is None or noise.n < FEWEST_EQUAL:
        return ""
    return (
        f"Two equal trials differ by up to {share(noise.floor)} here, "
        "so a smaller difference between single trials means nothing."
    )


def _median(values: pd.Series[float]) -> float:
    data = values.to_numpy(dtype="float64", na_value=np.nan)
    return float(np.nanmedian(data)) if np.isfinite(data).any() else float("nan")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
