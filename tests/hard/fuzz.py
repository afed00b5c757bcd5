"""Fuzzes the entrances for bytes from outside, each in a process of its own.

    python tests/hard/fuzz.py --entrance npz --runs 2000 --seed 0
    python tests/hard/fuzz.py --times 1 --out fuzzed.json

Needs atheris, and Node for the entrances of the browser.  Findings are told,
and stand in the results with their inputs.
"""

import argparse
import dataclasses
import functools
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
# The package of this folder, and the library that it belongs to.
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from fuzzing import browser, catalogue, engine, runs as runs_lib  # noqa: E402


def main(argv: list[str] | None = None) -> int:
    """Runs the script; returns 1 if anything was found, 2 for bad input."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--entrance",
        nargs="+",
        metavar="NAME",
        default=list(catalogue.SHARES),
        help=f"which (default: all): {', '.join(catalogue.SHARES)}",
    )
    parser.add_argument(
        "--runs",
        type=int,
        metavar="N",
        help="inputs of each (default: its share of a long run)",
    )
    parser.add_argument(
        "--times",
        type=float,
        default=1.0,
        metavar="X",
        help="how many times its share (default: 1)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--corpus",
        type=pathlib.Path,
        metavar="DIR",
        help="keep inputs that cover more there, and begin from them",
    )
    parser.add_argument(
        "--out", type=pathlib.Path, metavar="FILE", help="results, JSON"
    )
    # Of the process that `runs` starts.
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument(
        "--planted", action="store_true", help=argparse.SUPPRESS
    )
    parser.add_argument("--export", help=argparse.SUPPRESS)
    parser.add_argument("--report", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.planted:
        print(json.dumps(engine.judge_planted()))
        return 0
    if arguments.export:
        browser.export(arguments.export)
        return 0
    if arguments.inside:
        engine.run(
            arguments.inside,
            runs=arguments.runs,
            seed=arguments.seed,
            report=arguments.report,
            corpus=str(arguments.corpus),
        )
        return 0
    unknown = set(arguments.entrance) - set(catalogue.SHARES)
    if unknown:
        parser.error(
            f"entrance: expected one of {', '.join(catalogue.SHARES)}, "
            f"got {', '.join(sorted(unknown))}"
        )
    results = []
    for name in arguments.entrance:
        count = arguments.runs
        if count is None:
            count = round(arguments.times * catalogue.SHARES[name].many)
        say = functools.partial(print, flush=True)
        if name in browser.KINDS:
            result = browser.run(name, runs=count, seed=arguments.seed, say=say)
        else:
            result = runs_lib.run(
                name,
                runs=count,
                seed=arguments.seed,
                corpus=arguments.corpus and arguments.corpus / name,
                say=say,
            )
        results.append(result)
        _tell(result)
        if arguments.out:
            made = [dataclasses.asdict(one) for one in results]
            arguments.out.write_text(json.dumps(made, indent=1) + "\n")
    if arguments.out:
        print("wrote", arguments.out)
    return int(any(result.found for result in results))


def _tell(result):
    print(
        f"{result.entrance}: {result.tried:,} inputs in {result.seconds:.0f} "
        f"s, {result.read:,} read, {result.edges:,} edges, "
        f"{result.features:,} features, {len(result.found)} findings",
        flush=True,
    )
    for found in result.found:
        print(
            f"  {found['kind']}: {found['what']} ({found['place']}, "
            f"{found['times']} times): {found['input'][:120]}",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
