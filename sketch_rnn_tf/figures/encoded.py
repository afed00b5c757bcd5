"""Figures of sketches that are encoded and drawn again: 3, 9, 10, 13, 14, 22."""

import numpy as np

from sketch_rnn_tf import doodles, labels, studio
from sketch_rnn_tf.figures import materials as materials_lib

TEMPERATURES = (0.01, 0.2, 0.4, 0.6, 0.8, 1.0)
ANIMALS = ("cat", "pig")
"""The doodles that come as a head only or whole."""


def reconstructions(given: materials_lib.Materials) -> list:
    """Figure 3: sketches, each above what the model draws of it."""
    named = given.model()
    sketches = given.pick(named, None, 8, figure=3)
    plate = studio.reconstructions.pairs(
        named.model,
        sketches,
        words=given.words_of(named, sketches),
        temperature=0.2,
        seed=given.seed_of(3),
        sample_z=False,
        progress=given.progress,
    )
    return [plate]


def first_word(given: materials_lib.Materials) -> list:
    """Figure 9: one word over temperatures, and a stranger."""
    return [_over_temperatures(given, given.model(), 0, 9)]


def second_word(given: materials_lib.Materials) -> list:
    """Figure 10: the same of another word, or of the second model."""
    named = given.model()
    if len(given.words(named)) > 1:
        return [_over_temperatures(given, named, 1, 10)]
    for other in given.models[1:]:
        if other.model.config.words != named.model.config.words:
            return [_over_temperatures(given, other, 0, 10)]
    raise materials_lib.Missing(
        "a second word: a model of two, or a second --model of another word"
    )


def weights(given: materials_lib.Materials) -> list:
    """Figure 13: the same inputs drawn by several models."""
    if len(given.models) < 2:
        raise materials_lib.Missing(
            "models of several w_KL, --model more than once"
        )
    shortest = min(given.models, key=lambda m: m.model.config.max_len)
    sketches = given.pick(shortest, None, 6, figure=13)
    plate = studio.reconstructions.table(
        {
            f"{m.name}, w_KL {m.model.config.kl_weight:g}": m.model
            for m in given.models
        },
        sketches,
        [0.2],
        words=given.words_of(shortest, sketches),
        seed=given.seed_of(13),
        sample_z=False,
        progress=given.progress,
    )
    return [plate]


def analogies(given: materials_lib.Materials) -> list:
    """Figure 14: full pig - pig head + cat head, and its counterpart.

    The doodles say which of their cats and pigs are whole.  Of other words
    the sketch of the most strokes among some stands for what is whole, that
    of the fewest for the head.
    """
    named = given.model()
    words = given.words(named)
    pair = given.two_words(named)
    if set(ANIMALS) <= set(words) and set(words) == set(doodles.KINDS):
        pair = ANIMALS
        cat, pig = (_doodle_ends(kind, given) for kind in pair)
    else:
        cat, pig = (_ends(named, word, given) for word in pair)
    (cat_head, full_cat), (pig_head, full_pig) = cat, pig
    plate = studio.analogies.sums(
        named.model,
        [
            ([full_pig, cat_head], [pig_head]),
            ([full_pig, cat_head], [full_cat]),
        ],
        words=labels.suited(pair, named.model.config),
        seed=given.seed_of(14),
        progress=given.progress,
    )
    return [plate]


def variations(given: materials_lib.Materials) -> list:
    """Figure 22: similar but unique sketches around one in a box."""
    plates = []
    given.model()
    for named in given.models:
        (sketch,) = given.pick(named, None, 1, figure=22)
        plates.append(
            studio.variations.around(
                named.model,
                sketch,
                words=given.words_of(named, [sketch]),
                count=47,
                seed=given.seed_of(22),
                style=studio.plates.Style(cell=90),
                progress=given.progress,
            )
        )
    return plates


def _over_temperatures(given, named, place, figure):
    word = given.words(named)[place]
    sketches = given.pick(named, word, 4, figure=figure)
    labels = [word] * len(sketches)
    try:
        sketches += given.strangers(named, 1, figure=figure)
        labels.append("another word")
    except materials_lib.Missing:
        # The rest can be shown without.
        pass
    return studio.reconstructions.table(
        {named.name: named.model},
        sketches,
        TEMPERATURES,
        words=given.words_of(named, sketches),
        seed=given.seed_of(figure),
        labels=labels,
        progress=given.progress,
    )


def _doodle_ends(kind, given):
    """Returns a head and a whole animal that were never trained on."""
    rng = np.random.default_rng([given.seed, 14])
    ends = {}
    while len(ends) < 2:
        seed = 10**8 + int(rng.integers(10**7))
        doodle = doodles.draw(kind, seed=seed)
        ends.setdefault(doodle.factors.full_body, doodle.stroke3)
    return ends[False], ends[True]


def _ends(named, word, given):
    sketches = given.pick(named, word, 20, figure=14)
    order = sorted(sketches, key=lambda s: (s[:, 2].sum(), len(s)))
    return order[0], order[-1]
