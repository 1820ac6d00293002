"""The table of `make bench-loadgen`: a line per peer and per feature, each ratio with its range."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from experiments.benchmarks.load_generators.figures import Figures, Pair
from experiments.benchmarks.ranges import ranged, wide_console
from experiments.benchmarks.void_attempts import print_void

WIDTH = 160
PEERS_CAPTION = """\
Engine against generator, on the same server, one core each: medians, and the ratio of
adjacent pairs (median, lowest to highest). CPU us: processor time of the whole generator
for a request. Bound: whose core was used up, beside the engine and beside the other."""
FEATURES_CAPTION = "What a feature costs: the engine with it against the plain loop beside it."
PEER_HEADINGS = (
    *("generator, load, connections", "engine/s", "other/s", "ratio of rates"),
    *("engine CPU us", "other CPU us", "other/engine CPU", "bound"),
)
FEATURE_HEADINGS = (
    *("feature", "with/s", "plain/s", "ratio of rates"),
    *("with CPU us", "plain CPU us", "with/plain CPU", "bound"),
)


def print_table(console: Console, figures: Figures) -> None:
    """Print what was measured, group by group, and why figures are missing."""
    wide = wide_console(console, WIDTH)
    if figures.peers:
        wide.print(_table(PEER_HEADINGS, PEERS_CAPTION, figures.peers, inverse=True))
    if figures.features:
        wide.print(_table(FEATURE_HEADINGS, FEATURES_CAPTION, figures.features, inverse=False))
    if figures.checking:
        every, length = (
            ranged([one[way] for one in figures.checking]) for way in ("every_byte_us", "length_us")
        )
        wide.print(
            f"every byte of a response compared: {every} us; of a sample, and of the others\n"
            f"the length alone, at least {length} us: so every byte of every response is compared"
        )
    for idle in sorted({one["idle"] for one in figures.idle}):
        ones = [one for one in figures.idle if one["idle"] == idle]
        seconds = ranged([one["connect_s"] for one in ones])
        kilobytes = ranged([one["bytes_each"] / 1_000 for one in ones])
        wide.print(
            f"{idle:,.0f} idle connections: established in {seconds} s, "
            f"{kilobytes} kB each in the generator"
        )
    if figures.workers:
        ratios = ranged([one["ratio"] for one in figures.workers])
        wide.print(f"two load workers, each with a part of a core, against one: {ratios}")
    if figures.overhead_s:
        wide.print(f"a trial costs {ranged(figures.overhead_s)} s beside warm-up and window")
    for reason in figures.why:
        wide.print(f"missing: {reason}")
    print_void(console, figures.void)


def _table(headings: Sequence[str], caption: str, pairs: Sequence[Pair], *, inverse: bool) -> Table:
    """`inverse`: the ratio of processor times is the other's to ours, more being better too."""
    table = Table(box=None, caption=caption, caption_justify="left")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    for line in dict.fromkeys(pair.line for pair in pairs):
        ones = [pair for pair in pairs if pair.line == line]
        costs = [pair.ours.cpu_us / pair.theirs.cpu_us for pair in ones]
        table.add_row(
            line,
            f"{median(pair.ours.rate for pair in ones):,.0f}",
            f"{median(pair.theirs.rate for pair in ones):,.0f}",
            ranged([pair.ours.rate / pair.theirs.rate for pair in ones]),
            f"{median(pair.ours.cpu_us for pair in ones):.2f}",
            f"{median(pair.theirs.cpu_us for pair in ones):.2f}",
            ranged([1 / cost for cost in costs] if inverse else costs),
            " | ".join(_most_frequent([pair.bound[side] for pair in ones]) for side in (0, 1)),
        )
    return table


def _most_frequent(words: Sequence[str]) -> str:
    return max(sorted(set(words)), key=words.count)
