"""Weights of other programs: the reference implementation's, and sketch-rnn-js'."""
