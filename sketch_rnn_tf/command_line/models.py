"""`sketch-rnn models`."""

import argparse
import json

from sketch_rnn_tf import pretrained


def models(arguments: argparse.Namespace) -> None:
    """Lists the shipped models, or prints the card of one."""
    if arguments.name:
        card = pretrained.card(arguments.name)
        text = card.to_json() if arguments.json else card.to_markdown()
        print(text, end="")
        return
    cards = [pretrained.card(name) for name in pretrained.names()]
    if arguments.json:
        print(json.dumps([json.loads(c.to_json()) for c in cards], indent=2))
        return
    if not cards:
        print("no model comes with this installation")
    for card in cards:
        size = pretrained.size(pretrained.FOLDER / card.name) / 1e6
        print(f"{card.name}  ({size:.1f} MB, {card.licence})")
        for line in (
            card.summary,
            _words(card.words),
            card.architecture,
            f"L_R {card.metrics['recon']:.3f}, L_KL {card.metrics['kl']:.3f} "
            f"on {card.evaluated_on}",
        ):
            print(f"    {line}")


def _words(words):
    if len(words) <= 12:
        return ", ".join(words) or "words not known"
    return f"{len(words)} words: {', '.join(words[:8])}, ..."
