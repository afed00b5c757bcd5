"""Status codes of the served signatures, for servers and clients alike.

A bad row of a request gets its code and an empty drawing; an error in the
graph would fail every other request of the same merged batch.
"""

OK = 0
BAD_STROKES = 1
BAD_LENGTH = 2
BAD_Z = 3
BAD_TEMPERATURE = 4
BAD_SEED = 5
BAD_MAX_LEN = 6
BAD_T = 7
BAD_LABELS = 8

MEANINGS = {
    OK: "good",
    BAD_STROKES: "strokes: an offset is not finite, or a pen state not "
    "one-hot or an end, before the row's length",
    BAD_LENGTH: "lengths: not from 1 to T and N_max, or not below max_len, or "
    "over padding",
    BAD_Z: "z: not finite",
    BAD_TEMPERATURE: "temperature: not finite, or negative",
    BAD_SEED: "seed: negative",
    BAD_MAX_LEN: "max_len: not from 1 to N_max",
    BAD_T: "t: not from 0 to 1",
    BAD_LABELS: "labels: not the index of one of the model's words",
}
"""What each code says of its row, the input's name first."""
