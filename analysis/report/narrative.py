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
from analysis.outcomes import goodput
from analysis.outcomes.causes import causes
from analysis.outcomes.limits_hit import limits_hit
from analysis.outcomes.lower_bounds import marked
from analysis.records.run import Run
from analysis.records.words import limit_reached, starved
from analysis.selection.sweeps import IDLE, backlog_sweep, idle_sweep
from analysis.selection.trials import at
from analysis.statistics.estimates import summarise
from analysis.statistics.extremes import apart_in_words, between_servers
from analysis.statistics.in_sentences import figure, median
from analysis.statistics.noise_floor import noise_floor
from analysis.statistics.point_medians import with_words
from analysis.wording import (
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

RATE = "requests_per_s"
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
    rates = with_words(run, trials, ["server", IDLE], [RATE], failures=False)
    most = int(valid[IDLE].max())
    last = rates[(rates[IDLE] == most) & rates[RATE].notna()].sort_values(RATE)
    if not len(last) or most == 0:
        return ""
    active = count(float(valid["active_connections"].iloc[0]))
    at_most_idle = at(trials, **{IDLE: most})

    def told(one: pd.Series[float], what: str = "") -> str:
        mine = at(at_most_idle, server=str(one["server"]))
        return f"{figure(run, mine, RATE, number)}{what}{_beside(mine)}"

    best, worst = last.iloc[-1], last.iloc[0]
    text = (
        f"With {count(most)} idle connections beside {active} active ones, "
        f"{server_name(str(best['server']))} answered {told(best, ' requests a second')}"
    )
    if len(last) == 1:
        return f"{text}."
    other = server_name(str(worst["server"]))
    if not worst[RATE]:  # nothing is a multiple of nought
        return f"{text} and {other} none{_beside(at(at_most_idle, server=str(worst['server'])))}."
    # Of the two that are named: one between them that is a bound is left out.
    ends = last.index.isin([last.index[0], last.index[-1]])
    sound = last[ends | ~marked(last, RATE)]
    compared = at_most_idle["server"].isin(sound["server"])
    found = between_servers(at(at_most_idle[compared], valid=True), RATE)
    difference = apart_in_words(found, sound, RATE)
    return f"{text} and {other} {told(worst)}{difference and f', a difference of {difference}'}."


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
    trials = at(run.trials, load="one_wait")
    valid = at(trials, valid=True)
    if not len(valid):
        return ""
    most = valid["watched"].max()
    waits = summarise(at(valid, watched=most), ["server"], ["wait_us"])
    waits = waits[waits["wait_us"].notna()].sort_values("wait_us")
    if len(waits) < 2:
        return ""

    def told(one: pd.Series[float]) -> str:
        mine = at(trials, watched=most, server=str(one["server"]))
        return f"{duration(one['wait_us'])} with {server_name(str(one['server']))}{_beside(mine)}"

    return (
        f"A wait for one of {count(most)} descriptors took {told(waits.iloc[0])} and "
        f"{told(waits.iloc[-1])}."
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
        f"{size(median(top['server_rss_bytes']))} of memory, and still answered "
        f"{figure(run, top, RATE, number)} requests a second{_beside(same)}."
    )


def _beside(trials: pd.DataFrame) -> str:
    """What a figure of these trials leaves out, in brackets: those that the server failed, clients
    that it starved, errors, and requests that nobody answered."""
    found, shares, told = causes(trials), goodput.of_all(trials), []
    of = "them" if found.failed_share else plural(found.valid, "trial")
    if found.failed_share:
        left = f"{found.valid:,} of {plural(found.counted, 'trial')}"
        told.append(f"in the {left} that it did not fail")
    if found.starved:
        told.append(f"it starved its clients in {found.starved:,} of {of}")
    for name, words in goodput.WORDS.items():
        if shares[name] > goodput.SMALLEST[name]:
            told.append(f"{share(shares[name])} {words}")
    return f" ({'; '.join(told)})" if told else ""


def _backlog(run: Run) -> str:
    trials = at(backlog_sweep(run), server="iterative")
    valid = at(trials, valid=True)
    if valid["backlog"].nunique() < 2:
        return ""
    short, long = (at(trials, backlog=valid["backlog"].agg(end)) for end in ("min", "max"))

    def tail(mine: pd.DataFrame) -> str:
        return figure(run, mine, "response_p999_us", duration)

    return (
        f"With {count(median(short['active_connections']))} clients and a new connection for each "
        f"request, a listen backlog of {count(median(short['backlog']))} made one request in a "
        f"thousand wait {tail(short)}{_beside(short)}, against {tail(long)} with "
        f"{count(median(long['backlog']))}{_beside(long)}."
    )


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


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
