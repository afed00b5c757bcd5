"""Runs a stand-in for TF Serving (see `benchmarks.stand_in`) until it is stopped.

python -m benchmarks.stand_in --bundle exported/sketch_rnn --grpc-port 8500

It is no TF Serving: it shows what a client and a model do, not how fast a
server is.  Only this machine reaches it.
"""

import argparse
import contextlib
import signal
import sys
import threading

from benchmarks.stand_in import catalogue, parameters as parameters_lib, server


def main(argv: list[str] | None = None) -> int:
    """Serves; returns 2 for bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stand_in",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--bundle", metavar="DIR", help="the versions of a model: 1, 2, ..."
    )
    what.add_argument(
        "--models-config", metavar="FILE", help="text of ModelServerConfig"
    )
    parser.add_argument(
        "--models",
        metavar="DIR",
        help="what the config means by /models (default: where it lies)",
    )
    parser.add_argument("--name", default="sketch_rnn", help="the bundle's")
    parser.add_argument("--rest-port", type=int, default=8501)
    parser.add_argument("--grpc-port", type=int, default=8500)
    parser.add_argument(
        "--batching",
        action="store_true",
        help="merge requests, with typical parameters",
    )
    parser.add_argument(
        "--batching-parameters",
        metavar="FILE",
        help="merge requests, with these: text of BatchingParameters",
    )
    arguments = parser.parse_args(argv)
    try:
        return _serve(arguments)
    except (ValueError, OSError) as error:
        print(f"stand_in: {error}", file=sys.stderr)
        return 2


def _serve(arguments):
    for port in (arguments.rest_port, arguments.grpc_port):
        if not 0 <= port < 2**16:
            raise ValueError(f"expected ports from 0 to 65535, got {port}")
    batching = parameters_lib.TYPICAL if arguments.batching else None
    if arguments.batching_parameters:
        batching = parameters_lib.read(arguments.batching_parameters)
    if arguments.models_config:
        models = catalogue.load_config(
            arguments.models_config, arguments.models
        )
    else:
        models = catalogue.load_directory(arguments.bundle, arguments.name)
    running = server.Server(
        models,
        batching=batching,
        rest_port=arguments.rest_port,
        grpc_port=arguments.grpc_port,
    )
    with contextlib.closing(running):
        versions = "; ".join(
            f"{name} {', '.join(map(str, sorted(model.versions)))}"
            for name, model in models.models.items()
        )
        print(
            f"stand-in for TF Serving: REST {running.rest}, gRPC "
            f"{running.grpc}, {versions}, batching {'on' if batching else 'off'}",
            flush=True,
        )
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
