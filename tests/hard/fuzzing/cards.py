"""Cards: what a packed model says it is."""

import json
import pathlib

from fuzzing import entrance as entrance_lib, mutation
from sketch_rnn_tf.pretrained import cards


def _card():
    shipped = sorted(pathlib.Path(cards.__file__).parent.glob("*/card.json"))
    return shipped[0].read_bytes()


def _read_card(folder):
    card = cards.read(folder)
    assert json.loads(card.to_json())
    card.to_markdown()


ENTRANCES = {
    "card_json": entrance_lib.Entrance(
        lambda: [_card()],
        lambda folder, data: (folder / "card.json").write_bytes(data),
        _read_card,
        mutation.of_json(),
    ),
}
