"""Runs the command line: `python -m sketch_rnn_tf`."""

import sys

from sketch_rnn_tf import cli

sys.exit(cli.main())
