"""Puts small faults into the source, one at a time, and runs the tests.

    python -m tests.hard.mutation --mutants 200 --seed 0 --results found.jsonl

A mutant is killed where a test fails, runs out of time or cannot be imported.
Each result is a line of the file, and a run that finds the file goes on from
there.  Those that survive are printed at the end, as what changed.
"""

import argparse
import collections
import contextlib
import functools
import hashlib
import json
import pathlib
import sys

from . import mutants, tables, trials

ROOT = pathlib.Path(__file__).resolve().parents[3]
EQUIVALENTS = pathlib.Path(__file__).with_name("equivalents.json")
KILLED = ("killed", "timeout")


def main(argv=None) -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.hard.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--mutants", type=int, default=200, metavar="N", help="default: 200"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the choice; default: 0"
    )
    parser.add_argument(
        "--module",
        nargs="+",
        choices=tuple(tables.TESTS),
        default=tables.DEFAULT,
        help=f"modules to choose from; default: {' '.join(tables.DEFAULT)}",
    )
    parser.add_argument(
        "--results",
        type=pathlib.Path,
        required=True,
        metavar="FILE",
        help="JSON lines to go on from and to add to",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="try what survived before again, as the tests are others now",
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="try nothing, only print what the file has",
    )
    parser.add_argument(
        "--faults",
        action="store_true",
        help="plant the known faults instead, each for the test named for it",
    )
    parser.add_argument(
        "--least",
        type=float,
        default=0.85,
        metavar="SHARE",
        help="exit with 1 where a smaller share is killed; default: 0.85",
    )
    args = parser.parse_args(argv)
    if args.mutants < 1:
        parser.error(f"--mutants: expected at least 1, got {args.mutants}")
    results = _Results(args.results)
    if args.faults:
        trials.preload()
        with trials.Project(ROOT) as project:
            return _plant(project, results)
    # In the table's order, so that the same modules give the same sample.
    modules = [m for m in tables.TESTS if m in args.module]
    chosen = list(
        mutants.sample(ROOT, modules, count=args.mutants, seed=args.seed)
    )
    # Module by module, as each has tests that have to pass first.
    chosen.sort(key=lambda m: modules.index(m.module))
    if not args.report:
        trials.preload()
        with trials.Project(ROOT) as project:
            if not _try(project, results, chosen, again=args.again):
                return 1
    return _report(results, chosen, args.least)


class _Results:
    """A file of JSON lines, by key the last one of each."""

    def __init__(self, path):
        self._path = path
        self._lines = {}
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for line in text.splitlines():
            # A run that was stopped may have left half a line.
            with contextlib.suppress(json.JSONDecodeError):
                found = json.loads(line)
                self._lines[found["key"]] = found
        if not text.endswith("\n") and text:
            path.write_text(f"{text}\n", encoding="utf-8")

    def __contains__(self, key):
        return key in self._lines

    def __getitem__(self, key):
        return self._lines[key]

    def add(self, key, **entries):
        self._lines[key] = {"key": key, **entries}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(self._lines[key]) + "\n")


def _try(project, results, chosen, *, again):
    """Runs what has no result yet; returns whether the tests passed first."""
    known = equivalents()
    for index, mutant in enumerate(chosen, 1):
        label = f"{index}/{len(chosen)} {mutant.module}:{mutant.line}"
        if mutant.key in results:
            outcome = results[mutant.key]["outcome"]
            if outcome != "survived" or not (
                again or _place(mutant._asdict()) in known
            ):
                continue
        entries = mutant._asdict()
        del entries["source"]
        if _place(entries) in known:
            results.add(mutant.key, **entries, outcome="equivalent", test="")
            continue
        tests = tables.TESTS[mutant.module]
        baseline = f"{mutant.module} {_state(tests)}"
        if baseline not in results:
            found = project.run(
                tests, cpu_seconds=600, seconds=7200, keep_bytecode=True
            )
            print(f"{mutant.module} as it is: {found}", flush=True)
            if found.outcome != "passed":
                return False
            results.add(baseline, **found._asdict())
        path = mutants.path_of(ROOT, mutant.module)
        with project.planted(path, mutant.source):
            limit = 20 + 5 * results[baseline]["cpu_seconds"]
            found = project.run(tests, cpu_seconds=limit, seconds=60 * limit)
        if found.outcome == "error":
            print(f"{label}: {found.test}", file=sys.stderr)
            return False
        words = {"passed": "survived", "failed": "killed"}
        outcome = words.get(found.outcome, found.outcome)
        entries.update(found._asdict(), outcome=outcome)
        results.add(mutant.key, **entries)
        print(
            f"{label} {outcome} {found.test} {found.cpu_seconds} s", flush=True
        )
    return True


@functools.cache
def _state(tests):
    """Returns a hash of the package and of the tests that are run."""
    digest = hashlib.sha256()
    # Some are single tests of a file.
    names = [name.partition("::")[0] for name in tests]
    files = [ROOT / name for name in (*names, "tests/conftest.py")]
    for file in sorted((ROOT / mutants.PACKAGE).rglob("*.py")) + files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def equivalents() -> dict[tuple, str]:
    """Returns why mutants cannot be told from the source, by their place."""
    found = json.loads(EQUIVALENTS.read_text(encoding="utf-8"))
    return {_place(entry): entry["why"] for entry in found}


def _place(entry):
    """Returns what a mutant is known by, whatever line it has come to."""
    return tuple(entry[n] for n in ("module", "function", "before", "after"))


def _report(results, chosen, least):
    """Prints a table and the survivors; returns the exit status."""
    untried = sum(mutant.key not in results for mutant in chosen)
    chosen = [mutant for mutant in chosen if mutant.key in results]
    counts = collections.defaultdict(collections.Counter)
    for mutant in chosen:
        counts[mutant.module][results[mutant.key]["outcome"]] += 1
    counts["all"] = sum(counts.values(), collections.Counter())
    print("| Module | Changes | Mutants | Killed | Equivalent | Survived |")
    print("|---|---|---|---|---|---|")
    for module, found in counts.items():
        changes = (
            mutants.count_of(ROOT, module) if module in tables.TESTS else ""
        )
        killed = sum(found[outcome] for outcome in KILLED)
        print(
            f"| {module} | {changes} | {found.total()} | {killed} | "
            f"{found['equivalent']} | {found['survived']} |"
        )
    for mutant in chosen:
        if results[mutant.key]["outcome"] == "survived":
            print(f"\n{mutant.module}:{mutant.line} {mutant.function}")
            print("\n".join(f"- {t}" for t in mutant.before.splitlines()))
            print("\n".join(f"+ {t}" for t in mutant.after.splitlines()))
    found = counts["all"]
    killed = sum(found[outcome] for outcome in KILLED)
    share = killed / max(1, found.total() - found["equivalent"])
    print(f"\n{share:.1%} killed of those that are not equivalent")
    if untried:
        print(f"{untried} are still to be tried")
    return int(share < least)


def _plant(project, results):
    """Plants each known fault; returns whether a test did not see one."""
    missed = 0
    for fault in tables.FAULTS:
        limits = {"cpu_seconds": 300, "seconds": 7200}
        before = project.run([fault.test], keep_bytecode=True, **limits)
        with project.planted(fault.path, fault.planted_in(ROOT)):
            after = project.run([fault.test], **limits)
        seen = (before.outcome, after.outcome) == ("passed", "failed")
        missed += not seen
        results.add(
            fault.name,
            test=fault.test,
            without=before.outcome,
            planted=after.outcome,
            failed=after.test,
        )
        print(
            f"{fault.name}: {fault.test}: {before.outcome} without, "
            f"{after.outcome} with it",
            flush=True,
        )
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
