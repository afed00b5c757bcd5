"""What XLA does too slowly on a CPU, written in C for TensorFlow.

The sources are compiled on first use, for the processor at hand, by the
system's C compiler; without one all works as well, under XLA, and slower.
"""
