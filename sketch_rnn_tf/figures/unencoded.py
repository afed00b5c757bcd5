"""Figures of models without an encoder: 7, 18, 19, 20 and 21."""

import numpy as np

from sketch_rnn_tf import studio
from sketch_rnn_tf.figures import materials as materials_lib


def temperatures(given: materials_lib.Materials) -> list:
    """Figure 7: rows from tau 0.2 in blue to 0.9 in red."""
    return _rows(given, 7, (0.2, 0.4, 0.6, 0.9), 10)


def many_temperatures(given: materials_lib.Materials) -> list:
    """Figure 18: a grid of samples, colder above, hotter below."""
    return _rows(given, 18, np.linspace(0.2, 0.9, 8).round(2), 10)


def endings(given: materials_lib.Materials) -> list:
    """Figure 19: several endings of one beginning, at tau 0.8."""
    plates = []
    for named in _decoders(given):
        sketches = given.pick(named, None, 3, figure=19)
        plates.append(
            studio.completions.endings(
                named.model,
                [sketch[: max(1, len(sketch) // 3)] for sketch in sketches],
                words=given.words_of(named, sketches),
                count=6,
                temperature=0.8,
                seed=given.seed_of(19),
                style=studio.plates.Style(title=named.name),
                progress=given.progress,
            )
        )
    return plates


def samples(given: materials_lib.Materials) -> list:
    """Figure 20: samples at tau 0.8."""
    return [_grid(given, named, 20, 36) for named in _decoders(given)]


def many_words(given: materials_lib.Materials) -> list:
    """Figure 21: samples of models of many words, most words first."""
    found = [
        named for named in _decoders(given) if len(named.model.config.words) > 1
    ]
    if not found:
        raise materials_lib.Missing(
            "an unconditional model of several words, --uncond-model"
        )
    found.sort(key=lambda named: -len(named.model.config.words))
    return [_grid(given, named, 21, 36) for named in found]


def _rows(given, figure, temperatures, count):
    return [
        studio.sampled.rows(
            named.model,
            temperatures,
            count=count,
            seed=given.seed_of(figure),
            style=studio.plates.Style(title=named.name, cell=100),
            progress=given.progress,
        )
        for named in _decoders(given)
    ]


def _grid(given, named, figure, count):
    return studio.sampled.grid(
        named.model,
        count=count,
        temperature=0.8,
        seed=given.seed_of(figure),
        columns=9,
        style=studio.plates.Style(title=named.name, cell=100),
        progress=given.progress,
    )


def _decoders(given):
    if not given.decoders:
        raise materials_lib.Missing("an unconditional model, --uncond-model")
    return given.decoders
