"""Figures of the latent space: 1, 2, 6, 11, 12, 15, 16 and 17."""

import numpy as np

from sketch_rnn_tf import studio
from sketch_rnn_tf.figures import materials as materials_lib
from sketch_rnn_tf.generation import encoding, sampling

TEMPERATURE = 0.2
SIDE = 8
"""Rows and columns of a grid of interpolations."""


def two_words(given: materials_lib.Materials) -> list:
    """Figure 1: four corners of two words."""
    named = given.model()
    words = given.two_words(named)
    corners = [
        sketch
        for word in words
        for sketch in given.pick(named, word, 2, figure=1)
    ]
    return [_corners(given, named, corners, 1)]


def reproductions(given: materials_lib.Materials) -> list:
    """Figure 2: four inputs, drawn again, and what lies between them."""
    named = given.model()
    sketches = given.pick(named, None, 4, figure=2)
    above = studio.reconstructions.pairs(
        named.model,
        sketches,
        words=given.words_of(named, sketches),
        temperature=TEMPERATURE,
        seed=given.seed_of(2),
        sample_z=False,
        progress=given.progress,
    )
    return [above, _corners(given, named, sketches, 2)]


def generated(given: materials_lib.Materials) -> list:
    """Figure 6: four corners from the prior, of each model."""
    return _from_prior(given, 6)


def single_words(given: materials_lib.Materials) -> list:
    """Figure 11: four corners of one word, of each model."""
    given.model()
    plates = []
    for named in given.models:
        for word in given.words(named)[:2]:
            sketches = given.pick(named, word, 4, figure=11)
            plates.append(_corners(given, named, sketches, 11))
    return plates


def weights(given: materials_lib.Materials) -> list:
    """Figure 12: between two words, a row for each model's w_KL."""
    named = given.model()
    words = given.two_words(named)
    models = {
        f"w_KL {other.model.config.kl_weight:g}, {other.name}": other.model
        for other in given.models
        if other.model.config.words == named.model.config.words
    }
    shortest = min(model.config.max_len for model in models.values())
    pair = [
        given.pick(named, word, 1, figure=12, longest=shortest)[0]
        for word in words
    ]
    plate = studio.interpolations.paths(
        models,
        {name: encoding.encode(m, pair)[0] for name, m in models.items()},
        given=pair,
        words=words,
        temperature=TEMPERATURE,
        seed=given.seed_of(12),
        progress=given.progress,
    )
    return [plate]


def four_words(given: materials_lib.Materials) -> list:
    """Figure 15: between four words, if there are; and within one."""
    named = given.model()
    words = given.words(named)
    rng = np.random.default_rng([given.seed, 15])
    chosen = [words[i] for i in rng.permutation(len(words))[:4]]
    if not chosen:
        raise materials_lib.Missing(f"sketches of {named.words}, --data")
    within = given.pick(named, chosen[0], 4, figure=15)
    plates = [_corners(given, named, within, 15)]
    if len(chosen) == 4:
        corners = [given.pick(named, w, 1, figure=15)[0] for w in chosen]
        plates.insert(0, _corners(given, named, corners, 15))
    return plates


def generated_words(given: materials_lib.Materials) -> list:
    """Figure 16: four corners from the prior, of other seeds."""
    return _from_prior(given, 16)


def strangers(given: materials_lib.Materials) -> list:
    """Figure 17: four inputs of another word, and what lies between."""
    named = given.model()
    sketches = given.strangers(named, 4, figure=17)
    inputs = studio.reconstructions.pairs(
        named.model,
        sketches,
        words=given.words_of(named, sketches),
        temperature=TEMPERATURE,
        seed=given.seed_of(17),
        sample_z=False,
        progress=given.progress,
    )
    return [inputs, _corners(given, named, sketches, 17)]


def _from_prior(given, figure):
    given.model()
    plates = []
    for named in given.models:
        drawn = sampling.sample(
            named.model,
            count=4,
            seed=given.seed_of(figure),
            temperature=TEMPERATURE,
        )
        plates.append(_grid(given, named, drawn.z, drawn.words, figure))
    return plates


def _corners(given, named, sketches, figure):
    if len(sketches) < 4:
        raise materials_lib.Missing(
            f"four sketches that {named.name} can take, --data"
        )
    z, _ = encoding.encode(named.model, sketches)
    return _grid(given, named, z, given.words_of(named, sketches), figure)


def _grid(given, named, z, words, figure):
    return studio.interpolations.corners(
        named.model,
        z,
        words=words,
        rows=SIDE,
        columns=SIDE,
        temperature=TEMPERATURE,
        seed=given.seed_of(figure),
        style=studio.plates.Style(title=named.name, cell=90),
        progress=given.progress,
    )
