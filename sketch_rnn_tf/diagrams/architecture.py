"""Architecture: the schematic of a model, drawn from its configuration.

It is Figure 5 of Ha & Eck (2017) with the sizes of one model in it.
"""

import svgwrite

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.diagrams import board as board_lib
from sketch_rnn_tf.model import size as size_lib

_CELLS = {"lstm": "LSTM", "layer_norm": "LN-LSTM", "hyper": "HyperLSTM"}
_MARGIN, _TOP, _BOTTOM = 28, 96, 588
_STEP_WIDTH = 88
_BUS = 544
"""Where z goes to the steps of the decoder."""


def draw(
    config: config_lib.Config,
    *,
    parameters: int | None = None,
    theme: str = "light",
) -> svgwrite.Drawing:
    """Draws the schematic of a model.

    Args:
      config: The model's configuration.
      parameters: How many weights it has, to be told; None leaves it out.
      theme: "light" or "dark".

    Returns:
      The drawing.

    Raises:
      ValueError: If there is no such theme.

    References:
      Figure 5 and Section 3.3, Ha & Eck (2017).

    >>> picture = draw(config_lib.Config(conditional=False, decoder_size=900))
    >>> ">900<" in picture.tostring(), "Encoder" in picture.tostring()
    (True, False)
    """
    facts = _facts(config)
    left = _MARGIN + (650 if config.conditional else 0)
    width = left + 602 + _MARGIN
    # Without the line that brings z, the decoder is less tall.
    bottom = _BOTTOM if config.conditional else _BOTTOM - 64
    board = board_lib.Board(width, bottom + 84, theme)
    colors = board.theme
    kind = "variational autoencoder" if config.conditional else "decoder only"
    board.text(f"sketch-rnn, {kind}", (_MARGIN, 50), 22, colors.title)
    told = [f"{parameters:,} parameters"] if parameters is not None else []
    told += [", ".join(config.words)] if config.words else []
    room = width - 2 * _MARGIN
    board.text(" · ".join(told), (_MARGIN, 76), 14, colors.label, width=room)
    if config.conditional:
        _draw_encoder(board, config)
        _draw_latent(board, config)
    _draw_decoder(board, config, left, bottom)
    column = room / len(facts)
    for index, (name, value, meaning) in enumerate(facts):
        x, y = _MARGIN + index * column, bottom + 38
        for line, drop, size, color in (
            (f"{name} = {value}", 0, 15, colors.title),
            (meaning, 18, 12, colors.label),
        ):
            board.formula(line, (x, y + drop), size, color, width=column - 12)
    return board.drawing


def _facts(config):
    """Lists what the legend tells: name, value, meaning."""
    facts = [
        ("N_{max}", config.max_len or "unknown", "points at most"),
        ("M", config.num_mixtures, "bivariate normals"),
        ("dropout", f"{config.recurrent_dropout:g}", "recurrent, a rate"),
    ]
    if not config.conditional:
        return [*facts, ("loss", "L_R", "no encoder, no L_{KL}")]
    return [
        *facts,
        ("N_z", config.z_size, "latent dimensions"),
        ("w_{KL}", f"{config.kl_weight:g}", "in L_R + w_{KL} L_{KL}"),
        ("η_{min}", f"{config.kl_start_fraction:g}", "of w_{KL} at first"),
        ("R", f"{config.kl_decay_rate:g}", "annealing a step"),
        ("KL_{min}", f"{config.kl_tolerance:g}", "nats a dimension"),
    ]


def _draw_encoder(board, config):
    color = board.theme.order[0]
    kind, size = _CELLS[config.encoder_cell], config.encoder_size
    x, width = _MARGIN, 342
    _draw_panel(
        board,
        (x, _TOP, width, _BOTTOM - _TOP),
        "Encoder",
        f"bidirectional {kind}, 2 × {size} units",
        color,
    )
    columns = (x + 18, x + 118, x + 242)
    for name, y, points in (
        ("forward", 196, ("S_1", "S_2", "S_N")),
        ("backward", 402, ("S_N", "S_{N−1}", "S_1")),
    ):
        board.formula(name, (columns[0], y - 10), 13, board.theme.header)
        for left, point in zip(columns, points, strict=True):
            board.box((left, y + 80, 76, 34), [point], board.theme.frame)
            board.arrow((left + 38, y + 80), (left + 38, y + 48))
            board.box((left, y, 76, 48), [kind, str(size)], color)
        board.arrow((columns[0] + 76, y + 24), (columns[1], y + 24))
        board.arrow((columns[1] + 76, y + 24), (columns[2], y + 24))
        board.dots((columns[1] + 76 + columns[2]) / 2, y + 97)
    board.formula(
        "S_1 to S_N: offsets and pen states", (x + 18, 560), 13,
        board.theme.label,
    )  # fmt: skip


def _draw_latent(board, config):
    color, size = board.theme.order[2], str(config.z_size)
    x = 414
    _draw_panel(
        board,
        (x - 20, _TOP, 260, _BOTTOM - _TOP),
        "Latent vector",
        "z = μ + σ · N(0, I)",
        color,
    )
    # From the ends of both directions.
    start, turn = x - 68, x - 32
    board.arrow((start, 220), (x, 220))
    board.arrow((start, 426), (turn, 426), (turn, 240), (x, 240))
    board.box(
        (x, 200, 220, 56),
        ["h: last outputs", f"2 × {config.encoder_size}"],
        board.theme.order[0],
    )
    left, right = x + 40, x + 180
    for middle, name in ((left, "μ"), (right, "σ\u0302")):
        board.arrow((middle, 256), (middle, 288))
        board.box((middle - 40, 288, 80, 48), [name, size], color)
    _draw_loss(board, (x + 86, 301, 48, 22), "L_{KL}")
    board.box((right - 40, 364, 80, 34), ["exp(σ\u0302 / 2)"], color)
    board.arrow((right, 336), (right, 364))
    board.arrow((right, 398), (right, 423))
    board.arrow((left, 336), (left, 423))
    board.arrow((right - 13, 436), (left + 13, 436))
    for middle, sign in ((left, "+"), (right, "×")):
        board.box((middle - 13, 423, 26, 26), [sign], color, radius=13)
    board.formula("σ", (right - 22, 414), 13, board.theme.header)
    board.arrow((right, 474), (right, 449))
    board.box((right - 40, 474, 80, 34), ["N(0, I)"], board.theme.frame)
    board.arrow((left, 449), (left, 520))
    board.box((left - 40, 520, 80, 48), ["z", size], color)


def _draw_decoder(board, config, x, bottom):
    color, kind = board.theme.order[3], _CELLS[config.decoder_cell]
    latent = board.theme.order[2]
    _draw_panel(
        board,
        (x, _TOP, 602, bottom - _TOP),
        "Decoder",
        f"autoregressive {kind}, {config.decoder_size} units; dashed: "
        "in sampling, the point drawn is the next input",
        color,
    )
    source, inputs = "previous point", "5"
    state, state_color = "zeros", board.theme.frame
    if config.conditional:
        source, inputs = f"{source}, z", f"{inputs} + {config.z_size}"
        state, state_color = "tanh(W z + b)", latent
        if config.squash_z:
            state = "tanh(W tanh z + b)"
    if config.class_size:
        source, inputs = f"{source}, e", f"{inputs} + {config.class_size}"
        joined = "[z; e]" if config.conditional else "e"
        state, state_color = f"tanh(W {joined} + b)", latent
    for y, lines in (
        (186, ("next point,", "drawn at random")),
        (254, ("mixture of normals", "and pen states")),
        (335, (f"6 · {config.num_mixtures} + 3", "numbers")),
        (481, (source, f"{inputs} numbers")),
    ):
        for line, drop in zip(lines, (0, 16), strict=True):
            place = (x + 32, y + drop)
            board.formula(line, place, 12.5, board.theme.header, width=128)
    board.box((x + 18, 384, 130, 48), ["first state", state], state_color)
    columns = (x + 174, x + 298, x + 446)
    if config.conditional:
        last = columns[2] + 0.75 * _STEP_WIDTH
        board.line([(494, _BUS), (last, _BUS)], latent)
        board.arrow((x + 24, _BUS), (x + 24, 432), color=latent)
    steps = (("0", "1"), ("1", "2"), ("N−1", "N"))
    board.arrow((x + 148, 408), (columns[0], 408))
    for left, (before, after) in zip(columns, steps, strict=True):
        _draw_step(board, config, left, before, after)
    _draw_between_steps(board, columns)
    end, loss = columns[2] + _STEP_WIDTH, board.theme.completion
    board.line([(end, 264), (end + 14, 264)], loss)
    _draw_loss(board, (end + 14, 253, 40, 22), "L_R")


def _draw_step(board, config, left, before, after):
    """Draws a step of the decoder, from its input up to its point."""
    _, _, latent, color, output = board.theme.order
    width, middle = _STEP_WIDTH, left + _STEP_WIDTH / 2
    for start, end in ((464, 432), (384, 354), (312, 296), (232, 206)):
        board.arrow((middle, start), (middle, end))
    board.box((left, 172, width, 34), [f"S'_{{{after}}}"], output)
    _draw_mixture(board, (left, 232, 50, 64), config.num_mixtures, output)
    _draw_pens(board, (left + 54, 232, 34, 64), output)
    numbers = str(size_lib.params_size(config.num_mixtures))
    board.box((left, 312, width, 42), [f"y_{{{after}}}", numbers], color)
    cell = [_CELLS[config.decoder_cell], str(config.decoder_size)]
    board.box((left, 384, width, 48), cell, color)
    # e is the embedding of the sketch's word.
    seen = ["z"] * config.conditional + ["e"] * bool(config.class_size)
    given = width / 2 if seen else width
    board.box((left, 464, given, 36), [f"S_{{{before}}}"], board.theme.frame)
    if seen:
        board.box((middle, 464, given, 36), [", ".join(seen)], latent)
    if config.conditional:
        z = left + 0.75 * width
        board.arrow((z, _BUS), (z, 500), color=latent)


def _draw_between_steps(board, columns):
    """Draws what goes from a step of the decoder to the next."""
    color = board.theme.order[4]
    first, second = (left + _STEP_WIDTH for left in columns[:2])
    board.arrow((first, 408), (columns[1], 408))
    board.arrow((second, 408), (columns[2], 408))
    turn = (first + columns[1]) / 2
    board.arrow(
        *((first, 189), (turn, 189), (turn, 482), (columns[1], 482)),
        dashed=True,
        color=color,
    )
    turn = second + 14
    board.line(
        [(second, 189), (turn, 189), (turn, 482), (turn + 10, 482)],
        color,
        dashed=True,
    )
    for y in (189, 264, 333, 482):
        board.dots(second + 35, y)
    board.arrow((second + 46, 482), (columns[2], 482), color=color)


def _draw_panel(board, box, title, about, color):
    x, y, width, _ = box
    board.rect(box, board.tint(color, 6), radius=14)
    board.formula(title, (x + 18, y + 30), 17, color)
    place = (x + 18, y + 51)
    board.formula(about, place, 13, board.theme.label, width=width - 36)


def _draw_loss(board, box, name):
    x, y, width, height = box
    color, middle = board.theme.completion, (x + width / 2, y + height / 2 + 4)
    board.rect(box, board.tint(color, 12), stroke=color, radius=height / 2)
    board.formula(name, middle, 13, color, anchor="middle")


def _draw_counted(board, box, count, color):
    """Draws a box with room for a sign above a number."""
    x, y, width, height = box
    board.rect(box, board.tint(color, 16), stroke=color)
    place = (x + width / 2, y + height - 9)
    board.formula(
        str(count), place, 12.5, board.theme.title, width=width - 8,
        anchor="middle",
    )  # fmt: skip


def _draw_mixture(board, box, count, color):
    """Draws normals as rings, and how many there are."""
    _draw_counted(board, box, count, color)
    for dx, dy, turn, size in ((-7, 0, -30, 9), (7, 3, 40, 7)):
        x, y = box[0] + box[2] / 2 + dx, box[1] + 19 + dy
        for scale in (size, 0.5 * size):
            board.add(
                board.drawing.ellipse(
                    (x, y),
                    (scale, 0.55 * scale),
                    transform=f"rotate({turn},{x},{y})",
                    fill="none",
                    stroke=color,
                    stroke_width=1.3,
                )
            )


def _draw_pens(board, box, color):
    """Draws the probabilities of the pen's states as bars."""
    _draw_counted(board, box, 3, color)
    left = box[0] + box[2] / 2 - 10
    for index, tall in enumerate((19, 10, 5)):
        bar = (left + 7 * index, box[1] + 30 - tall, 5, tall)
        board.rect(bar, color, radius=1)
