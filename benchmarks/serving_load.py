"""Whether a served model's answers stay right, and its server up, under load.

python -m benchmarks.serving_load --model work [--minutes 10] [--clients 8]

The server is a stand-in for TF Serving (`benchmarks.stand_in`) in a process of
its own, first with batching, then without.  Clients ask at random for all
signatures and lengths, one request in ten malformed.  Each answer has to be
what the same request gets alone; each malformed request has to get a status or
a clear error.  Ends with status 1 if any did not, or the server went down.

Times are those of the stand-in, which is written in Python and shares the
machine with its clients: they say what batching changes, not how fast TF
Serving is.
"""

import argparse
import contextlib
import pathlib
import sys
import threading
import time

import psutil
import tqdm

from benchmarks import (
    asked as asked_lib,
    load_clients,
    malformed,
    report,
    request_pool,
    served,
    serving_figures,
)
from benchmarks.stand_in import catalogue, parameters as parameters_lib, process

FAILURES = (load_clients.WRONG, load_clients.UNEXPECTED)

_CLIENTS = {"rest": load_clients.RestClient, "grpc": load_clients.RpcClient}


def main(argv: list[str] | None = None) -> int:
    """Runs the load; 1 for a failure of the server, 2 for bad input."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
    except (ValueError, OSError) as error:
        print(f"serving_load: {error}", file=sys.stderr)
        return 2


def ask(
    server: process.Process,
    requests: load_clients.Requests,
    *,
    clients: int,
    seconds: float,
    share: float,
    transports: list[str],
    seed: int,
    batching: bool,
    each_second=lambda: None,
) -> load_clients.Tally:
    """Lets clients ask a server, and says what came of it.

    Args:
      server: What has `rest` and `grpc` addresses.
      requests: What they choose from.
      clients: How many; transports take turns among them.
      seconds: How long.
      share: Of malformed requests.
      transports: "rest", "grpc".
      seed: Which requests they choose.
      batching: Whether the server merges requests.
      each_second: Called about once a second.

    Returns:
      The sum of all clients' tallies.
    """
    stopped = threading.Event()
    askers = []
    for number in range(clients):
        transport = transports[number % len(transports)]
        askers.append(
            load_clients.Asker(
                _CLIENTS[transport](getattr(server, transport)),
                requests,
                share=share,
                seed=(seed, number),
                stopped=stopped,
                batching=batching,
            )
        )
    for asker in askers:
        asker.start()
    try:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(1.0, left))
            each_second()
    finally:
        stopped.set()
        for asker in askers:
            asker.join()
    total = load_clients.Tally()
    for asker in askers:
        total.add(asker.tally)
    return total


def _run(arguments):
    if arguments.minutes <= 0 or arguments.clients < 1 or arguments.pool < 1:
        raise ValueError("expected minutes, clients and a pool above 0")
    if not 0 <= arguments.malformed <= 1:
        raise ValueError(
            f"--malformed: expected 0 to 1, got {arguments.malformed}"
        )
    parameters, options = parameters_lib.TYPICAL, ["--batching"]
    if arguments.batching_parameters:
        parameters = parameters_lib.read(arguments.batching_parameters)
        file = pathlib.Path(arguments.batching_parameters).resolve()
        options = ["--batching-parameters", str(file)]
    with served.versions(arguments) as bundle:
        models = catalogue.load_directory(
            arguments.against or bundle, request_pool.NAME
        )
        requests = _requests(models, parameters.max_batch_size, arguments)
        phases = {}
        for name, more in (("on", options), ("off", [])):
            phases[name] = _phase(name, bundle, more, requests, arguments)
    rows = serving_figures.figures(phases)
    serving_figures.show(rows)
    for phase, (tally, _) in phases.items():
        for example in tally.examples[:5]:
            print(f"batching {phase}: {example}", file=sys.stderr)
    if arguments.json:
        report.write_json(serving_figures.json_rows(rows), arguments.json)
    failures = sum(rows[name]["on"] + rows[name]["off"] for name in FAILURES)
    restarts = rows["restarts"]["on"] + rows["restarts"]["off"]
    return 1 if failures or restarts else 0


def _requests(models, max_batch_size, arguments):
    pool = request_pool.RequestPool(
        models.find(request_pool.NAME), arguments.seed
    )
    good = pool.good(arguments.pool)
    groups = ()
    if arguments.malformed:
        groups = (
            pool.bad_rows(arguments.pool),
            malformed.requests(pool, max_batch_size),
        )
    scale = asked_lib.offset_scale(asked.answer for asked in good)
    return load_clients.Requests(good, groups, scale)


def _phase(name, bundle, options, requests, arguments):
    """Returns what came of one server's load: tally, figures."""
    transports = [arguments.transport]
    if arguments.transport == "both":
        transports = ["rest", "grpc"]
    seconds = 60 * arguments.minutes / (2 if arguments.halves else 1)
    with process.start("--bundle", str(bundle), *options) as server:
        watched = psutil.Process(server.popen.pid)
        born = watched.create_time()
        memory = []
        with tqdm.tqdm(
            total=round(seconds), desc=f"batching {name}", disable=None
        ) as bar:

            def look():
                # It may be gone at any moment, which is told below.
                with contextlib.suppress(psutil.Error):
                    # None of a process that is gone but not waited for.
                    if rss := watched.memory_info().rss:
                        memory.append(rss / 2**20)
                bar.update()

            tally = ask(
                server,
                requests,
                clients=arguments.clients,
                seconds=seconds,
                share=arguments.malformed,
                transports=transports,
                seed=arguments.seed,
                batching=name == "on",
                each_second=look,
            )
        up = server.popen.poll() is None and watched.create_time() == born
        counters = _counters(server) if up else {}
    return tally, {
        "seconds": seconds,
        "restarts": int(not up),
        "memory": memory,
        "counters": counters,
    }


def _counters(server):
    client = load_clients.RestClient(server.rest)
    try:
        return client.counters()
    finally:
        client.close()


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving_load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    served.add_arguments(parser)
    parser.add_argument(
        "--against",
        metavar="DIR",
        help="versions whose answers are right (default: those served)",
    )
    parser.add_argument(
        "--minutes", type=float, default=10, help="with batching, and without"
    )
    parser.add_argument(
        "--halves", action="store_true", help="half of the minutes for each"
    )
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument(
        "--malformed", type=float, default=0.1, help="share of the requests"
    )
    parser.add_argument(
        "--transport", choices=("rest", "grpc", "both"), default="both"
    )
    parser.add_argument(
        "--pool", type=int, default=400, help="different good requests"
    )
    parser.add_argument(
        "--batching-parameters",
        metavar="FILE",
        help="text of BatchingParameters (default: typical ones)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
