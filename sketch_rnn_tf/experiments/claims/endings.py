"""Claims about when drawings end: padding to N_max, and spirals."""

import numpy as np

from sketch_rnn_tf.experiments import evidence, pens
from sketch_rnn_tf.experiments.claims import likelihood
from sketch_rnn_tf.experiments.claims.claim import Claim, Measured

TEMPERATURES = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def _weighted(plan):
    return plan.training(
        plan.subject, label="weighted", pen=pens.WEIGHTED, conditional=False
    )


def _endless(bench, training, sketches):
    """Counts drawings that are stopped at N_max."""
    longest = bench.model(training).config.max_len
    return evidence.share([len(sketch) >= longest for sketch in sketches])


def _stopping(bench):
    plan = bench.plan
    names = {"padded": likelihood.decoder(plan), "weighted": _weighted(plan)}
    longest = bench.model(names["padded"]).config.max_len
    real = [len(s) for s in bench.data(plan.subject).test if len(s) <= longest]
    found, says = {}, [f"test sketches have {np.mean(real):.1f} points"]
    for name, training in names.items():
        drawn = bench.draw(training, temperature=1.0)
        lengths = [len(sketch) for sketch in drawn]
        found[name] = {
            "distance": evidence.distance(lengths, real),
            "mean_length": float(np.mean(lengths)),
            "endless": _endless(bench, training, drawn).value,
        }
        says.append(
            f"{name}: {found[name]['mean_length']:.1f} points, distance "
            f"{found[name]['distance']:.3f}, {found[name]['endless']:.3f} "
            "reach N_max"
        )
    padded, weighted = found["padded"], found["weighted"]
    return Measured(
        padded["distance"] < weighted["distance"] - 0.02
        and padded["endless"] <= weighted["endless"] + 0.01,
        "; ".join(says),
        found,
    )


def _spirals(bench):
    training = likelihood.decoder(bench.plan)
    shares = [
        _endless(bench, training, bench.draw(training, temperature=tau))
        for tau in TEMPERATURES
    ]
    return Measured(
        evidence.larger(shares[0], shares[-1]),
        "reach N_max: "
        + ", ".join(
            f"{share.value:.3f} at tau {tau:g}"
            for tau, share in zip(TEMPERATURES, shares, strict=True)
        ),
        {
            "temperature": list(TEMPERATURES),
            "endless": [share.value for share in shares],
            "drawings": shares[0].count,
        },
    )


CLAIMS = {
    "stopping": Claim(
        "3.5 (and 3.3)",
        "We found this methodology of loss calculation to be more robust and "
        "allows the model to easily learn when it should stop drawing, unlike "
        "the earlier mentioned method of assigning importance weightings to "
        "p_1, p_2, and p_3.",
        "of standalone decoders at tau 1: the lengths of drawings are closer "
        "to those of test sketches (Kolmogorov-Smirnov distance, by more than "
        "0.02) than with weights (1, 10, 100) and no step after the end, and "
        "not more drawings reach N_max (by more than 0.01)",
        lambda plan: [likelihood.decoder(plan), _weighted(plan)],
        _stopping,
    ),
    "spirals": Claim(
        "4.3",
        "Occasionally when the temperature is too low, the model stays within "
        "a single mixture of the GMM and simply draws repeated spirals until "
        "N_max points of the drawing have been sampled and it is forced to "
        "stop.",
        "of a standalone decoder's drawings more reach N_max at tau 0.1 than "
        "at tau 1, by two standard errors",
        lambda plan: [likelihood.decoder(plan)],
        _spirals,
    ),
}
