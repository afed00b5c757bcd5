"""Claims about losses: the tradeoff, the bound, and annealing."""

import statistics

from sketch_rnn_tf.experiments.claims.claim import Claim, Measured

WEIGHTS = (1.0, 0.5, 0.25)


def weights(plan, spec=None):
    """Lists conditional trainings by w_KL, those of Table 1."""
    return [
        plan.training(spec or plan.subject, kl_weight=weight)
        for weight in WEIGHTS
    ]


def decoder(plan, spec=None):
    """Describes the standalone decoder, that of Table 1."""
    return plan.training(spec or plan.subject, conditional=False)


def _tradeoff(bench):
    found = [bench.result(training) for training in weights(bench.plan)]
    recon, kl = ([result[key] for result in found] for key in ("recon", "kl"))
    return Measured(
        recon == sorted(set(recon), reverse=True) and kl == sorted(set(kl)),
        "; ".join(
            f"w_KL {w:g}: L_R {r:.4f}, L_KL {k:.4f}"
            for w, r, k in zip(WEIGHTS, recon, kl, strict=True)
        ),
        {"kl_weight": list(WEIGHTS), "recon": recon, "kl": kl},
    )


def _bound(bench):
    found = [bench.result(training) for training in weights(bench.plan)]
    recon = [result["recon"] for result in found]
    alone = bench.result(decoder(bench.plan))["recon"]
    return Measured(
        max(recon) < alone,
        f"conditional L_R {', '.join(f'{r:.4f}' for r in recon)}; decoder "
        f"only {alone:.4f}",
        {"kl_weight": list(WEIGHTS), "recon": recon, "decoder_only": alone},
    )


def _annealed(plan):
    return [
        [
            plan.training(plan.subject, kl_weight=1.0, seed=seed, **changes)
            for changes in (
                {},
                {"label": "constant", "kl_start_fraction": 1.0},
            )
        ]
        for seed in range(plan.budget.seeds)
    ]


def _annealing(bench):
    losses = [
        [bench.result(training)["loss"] for training in pair]
        for pair in _annealed(bench.plan)
    ]
    annealed, constant = (list(column) for column in zip(*losses, strict=True))
    lower = [c - a for a, c in zip(annealed, constant, strict=True)]
    return Measured(
        min(lower) > 0,
        f"L_R + w_KL L_KL annealed {_listed(annealed)}, constant "
        f"{_listed(constant)}: lower by {statistics.fmean(lower):.4f}",
        {"annealed": annealed, "constant": constant},
    )


def _listed(values):
    return ", ".join(f"{value:.4f}" for value in values)


CLAIMS = {
    "tradeoff": Claim(
        "4.1",
        "We see that the reconstruction loss term L_R decreases as we relax "
        "the w_KL parameter controlling the weight for the KL Loss term, and "
        "meanwhile the KL Loss term L_KL increases as a result.",
        "over w_KL 1, 0.5 and 0.25, L_R falls and L_KL rises at each step",
        weights,
        _tradeoff,
    ),
    "bound": Claim(
        "4.1",
        "The reconstruction loss term for the conditional model is strictly "
        "less than the unconditional, standalone decoder model.",
        "L_R is below that of the standalone decoder for each w_KL",
        lambda plan: [*weights(plan), decoder(plan)],
        _bound,
    ),
    "annealing": Claim(
        "3.5",
        "We find that annealing the KL Loss term generally results in better "
        "losses.",
        "L_R + w_KL L_KL at w_KL 1 is lower with annealing than with "
        "eta_min 1, which is none, for every seed",
        lambda plan: [t for pair in _annealed(plan) for t in pair],
        _annealing,
    ),
}
