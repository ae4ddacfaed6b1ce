# SPDX-License-Identifier: Apache-2.0
"""The figures of idioms.

``python -m benchmarks.idioms.measuring SUBJECT NAME:SIZE,NAME:SIZE... PEERS`` prints them as JSON:
a line when a stage begins, with its name and the figures that are known by then. It is a process
of its own, so that a stage that takes too long can be ended.

Times are processor times, which other processes disturb little. Batches, which take all cores,
have elapsed times.
"""

import contextlib
import json
import sys
import warnings
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np

import ad_core
from benchmarks import agreement, idioms, peers
from benchmarks.idioms import starts
from benchmarks.idioms.case import CHECKED, Case, Disagreement, arrays
from benchmarks.memory import status_bytes
from benchmarks.timing import Timed, interleave
from benchmarks.tree import join
from scenarios import Scenario

ROUNDS = 15
"""Rounds of interleaved samples."""
BUDGET = 0.2
"""Seconds of samples after which a callable is left out of further rounds."""
FEWEST = 3
"""Samples that a callable gets at least."""
SHORTEST = 5e-4
"""The least length of a sample in seconds: short, so that most samples are not interrupted."""
SETUPS = 3
"""How often a set-up is repeated, if that takes less than `BUDGET`."""
WITHIN = 200
"""Calls of an operation in one trace."""
COMPARED = ("value_and_grad", "jacobian")
"""The derivatives that peers have in the same form."""
MEMORY = 8 * 2**30
"""Bytes that the process may have. The machine's memory is not for one set-up to fill."""


def timed(clock=process_time, **runs):
    """Medians in seconds of ``name=(callable, inputs)``, interleaved."""
    settings = {
        "budget": BUDGET, "fewest": FEWEST, "shortest": SHORTEST, "clock": clock, "warm": True,
    }  # fmt: skip
    items = {name: Timed(run, inputs, **settings) for name, (run, inputs) in runs.items()}
    interleave(items, ROUNDS, lambda: None)
    return {name: median(item.samples) for name, item in items.items()}


def rough(run, args):
    """The seconds of the shortest of a few calls, for the case that a set-up is ended."""
    samples = []
    while not samples or (len(samples) < FEWEST and sum(samples) < BUDGET):
        start = process_time()
        run(*args)
        samples.append(process_time() - start)
    return min(samples)


def set_up(case):
    """A compiled derivative, the median seconds of set-ups, and the peak memory of the first."""
    before = reset_peak()
    samples = []
    while not samples or (len(samples) < SETUPS and sum(samples) < BUDGET):
        start = process_time()
        run = case.set_up()
        samples.append(process_time() - start)
        if len(samples) == 1:
            peak = None if before is None else max(0, status_bytes("VmHWM") - before)
    return run, median(samples), peak


def reset_peak():
    """Set the peak of the resident memory back; the bytes resident now, None off Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return status_bytes("VmRSS")
    except OSError:
        return None


def derivative(case, names, say):
    """Measure a derivative; ``say(stage, **figures)`` tells what is known."""
    idiom, inputs, one = case.idiom, case.inputs, case.one_shot()
    say("one-shot")
    first = {"numpy": rough(case.fun, inputs[0]), "one": rough(one, inputs[0])}
    compared = CHECKED if first["one"] < BUDGET else 1
    say("set-up", **first)
    if idiom.how == "fresh":
        case.check(case.compiled(), compared)
        run, calls = case.one_pass, [()]
    else:
        run, seconds, peak = set_up(case)
        programs = len(inputs) if idiom.how == "compile" else 1
        say("check", setup=seconds / programs, peak=peak)
        if idiom.what.startswith("sparse"):
            say("check", entries=run(*inputs[0]).nnz)
        case.check(run, compared)
        calls = case.calls()
    say("calls")
    clock = process_time if idiom.points == 1 else perf_counter  # a batch takes all cores
    figures = timed(clock, numpy=(case.fun, inputs), one=(one, inputs), call=(run, calls))
    figures["call"] /= len(inputs) if idiom.how == "fresh" else idiom.points
    say("peers", **figures)
    for peer in names:
        say(peer)
        say("peers", **{peer: peer_seconds(case, peer)})


def peer_seconds(case, name):
    """A peer's median seconds of the same derivative, or why there are none."""
    what, args = case.idiom.what, case.idiom.args
    size = join(case.inputs[0][0]).size
    given = [case.idiom.args(case.size, seed) for seed in range(len(case.inputs))]
    scenario = Scenario(case.idiom.name, case.idiom.fun, args, what, 1, size)
    try:
        prepared = peers.load(name).prepare(scenario, given[0])
        inputs = [prepared.convert(args) for args in given]
        run = next(iter(prepared.variants.values()))
        mine = arrays(case.one_shot()(*case.inputs[0]))
        theirs = arrays(prepared.answer(run(*inputs[0])))
        if agreement.error(theirs, mine) > agreement.EXACT:
            return "WRONG"
        return timed(peer=(run, inputs))["peer"]
    except ImportError:
        return None
    except Exception:  # any failure of a peer is a result to report
        return "failed"


def within(case, say):
    """Measure an operation on a traced value within a trace, and the same on NumPy's value."""
    fun = case.idiom.fun

    def loop(x):
        start = process_time()
        for _ in range(WITHIN):
            fun(x)
        return (process_time() - start) / WITHIN

    def once(x):
        found = []

        def traced(x):
            found.append(loop(x))
            return np.sum(x)

        ad_core.grad(traced)(x)
        return found[0]

    say("in a trace")
    (x,) = case.inputs[0]
    once(x)
    samples = [(once(x), loop(x)) for _ in range(ROUNDS)]
    traced, plain = zip(*samples, strict=True)
    say("in a trace", traced=median(traced), plain=median(plain))


def measure(idiom, size, names, say):
    """All figures of an idiom at a size."""
    say("inputs")
    case = Case(idiom, size)
    if idiom.what == "traced":
        within(case, say)
    elif idiom.what == "first":
        say("first derivative")
        first = starts.beyond_scipy(idiom, lambda: say("first derivative"))
        say("first derivative", first=first)
    else:
        derivative(case, names, say)


def limit_memory():
    """Let an allocation beyond `MEMORY` fail, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main(subject, pairs, names):
    """Print the figures of idioms of a subject at some sizes."""
    warnings.simplefilter("ignore")
    limit_memory()
    ad_core.trace(np.sum, np.ones(2)).grad(np.ones(2))  # imports and the like
    for pair in pairs.split(","):
        name, size = pair.split(":")

        def say(stage, *, name=name, size=int(size), **figures):
            record = {"name": name, "size": size, "stage": stage, "figures": figures}
            print(json.dumps(record), flush=True)

        idiom = idioms.find(subject, name)
        compared = idiom.what in COMPARED and idiom.points == 1
        try:
            measure(idiom, int(size), names.split(",") if names and compared else [], say)
            say("end")
        except Disagreement as found:
            say("WRONG", note=str(found))
        except Exception as failure:  # a failure is a result to report
            text = f"{type(failure).__name__}: {failure}".split("\n")[0]
            say("failed", note=text[:150])


if __name__ == "__main__":
    main(*sys.argv[1:])
