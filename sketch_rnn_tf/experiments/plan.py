"""Plan: what the claims are measured on, how many trainings and drawings."""

import dataclasses
from typing import Any, NamedTuple

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.experiments import pens, trainings

ANIMALS = "doodles/cat+pig"
"""Two classes, as in Figures 12 and 14 of the paper."""

KINDS_1 = "doodles/pig"
KINDS_4 = "doodles/cat+pig+face+fish"
KINDS_ALL = "doodles"
"""One, four and all kinds, as in Figure 21."""


class Budget(NamedTuple):
    """How much is done.

    Attributes:
      steps: Training steps, against those of the presets.
      seeds: Trainings of a model, where a claim is about losses.
      drawings: Drawings of a share.
    """

    steps: float
    seeds: int
    drawings: int


BUDGETS = {
    "quick": Budget(0.1, 1, 100),
    "two-core": Budget(1.0, 2, 500),
    "full": Budget(5.0, 3, 2_000),
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """What the claims are measured on.

    Attributes:
      subject: Data of the claims about losses, ends and samples.
      config: How models of the subject are trained.
      doodles: How models of doodles are trained.
      budget: How much is done; the configurations' steps are scaled already.
      data_dir: Where TFDS keeps its data.
      recogniser: Directory of a `quality.classifier`, which recognises
        drawings of real words; None has none.
      many: Real data of one, of a few and of many words, for the claim about
        many classes; empty has none.
      seed: Of judges and drawings.
    """

    subject: str
    config: config_lib.Config
    doodles: config_lib.Config
    budget: Budget
    data_dir: str | None = None
    recogniser: str | None = None
    many: tuple[str, ...] = ()
    seed: int = 0

    def training(
        self,
        spec: str,
        *,
        label: str = "",
        pen: str = pens.PADDED,
        **changes: Any,
    ) -> trainings.Training:
        """Describes a training.

        Args:
          spec: What it is trained on.
          label: What tells it from others of the same w_KL and seed.
          pen: One of `pens.PENS`.
          **changes: Configuration keys.
        """
        ours = spec == self.subject or spec in self.many
        config = self.config if ours else self.doodles
        return trainings.make(
            spec,
            config.replace(**{"seed": 0, **changes}),
            label=label,
            pen=pen,
            data_dir=self.data_dir,
        )
