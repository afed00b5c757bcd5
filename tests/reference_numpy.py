"""The reference implementation's forward pass in float64 NumPy, for tests.

Transcribed from its equations, step by step and unit by unit, with its own
names of variables (without `vector_rnn/`), and nothing shared with the
package.  Shapes are those of its checkpoints.
"""

import numpy as np

GATED_BLOCKS = ("ix", "jx", "fx", "ox", "ih", "jh", "fh", "oh")
HYPER_SIZE = 256
EMBEDDING_SIZE = 32
CELLS = {
    "lstm": "LSTMCell",
    "layer_norm": "LayerNormLSTMCell",
    "hyper": "HyperLSTMCell",
}


def shapes(
    *, decoder, decoder_size, num_mixtures, encoder=None, encoder_size=0,
    z_size=0,
):  # fmt: skip
    """Returns the shape of each variable, by name, in the reference's order.

    Without an encoder they are those of an unconditional model.
    """
    found = {}
    if encoder:
        for direction in ("fw", "bw"):
            scope = f"ENC_RNN/{direction}/{CELLS[encoder]}"
            found |= cell_shapes(scope, encoder, encoder_size, 5)
        for head in ("ENC_RNN_mu", "ENC_RNN_sigma"):
            found[f"{head}/super_linear_w"] = (2 * encoder_size, z_size)
            found[f"{head}/super_linear_b"] = (z_size,)
        state_size = 2 * decoder_size
        if decoder == "hyper":
            state_size += 2 * HYPER_SIZE
        found["linear/super_linear_w"] = (z_size, state_size)
        found["linear/super_linear_b"] = (state_size,)
    outputs = 3 + 6 * num_mixtures
    found["RNN/output_w"] = (decoder_size, outputs)
    found["RNN/output_b"] = (outputs,)
    scope = f"RNN/{CELLS[decoder]}"
    inputs = 5 + (z_size if encoder else 0)
    return found | cell_shapes(scope, decoder, decoder_size, inputs)


def cell_shapes(scope, kind, n, x_size):
    """Returns the shape of each variable of a cell."""
    found = {
        f"{scope}/W_xh": (x_size, 4 * n),
        f"{scope}/W_hh": (n, 4 * n),
    }
    if kind != "layer_norm":
        found[f"{scope}/bias"] = (4 * n,)
    if kind == "hyper":
        m, e = HYPER_SIZE, EMBEDDING_SIZE
        inner = f"{scope}/LayerNormLSTMCell"
        found |= cell_shapes(inner, "layer_norm", m, x_size + n)
        for block in GATED_BLOCKS:
            hyper = f"{scope}/hyper_{block}"
            found[f"{hyper}/zw/super_linear_w"] = (m, e)
            found[f"{hyper}/zw/super_linear_b"] = (e,)
            found[f"{hyper}/alpha/super_linear_w"] = (e, n)
            if block.endswith("h"):
                found[f"{hyper}/zb/super_linear_w"] = (m, e)
                found[f"{hyper}/beta/super_linear_w"] = (e, n)
    if kind != "lstm":
        for name, width in (("ln_all", 4 * n), ("ln_c", n)):
            found[f"{scope}/{name}/ln_gamma"] = (width,)
            found[f"{scope}/{name}/ln_beta"] = (width,)
    return found


def draw(wanted, seed, *, scale=0.3):
    """Draws float32 variables of given shapes.

    Matrices are N(0, scale^2) over the root of their rows, so that sums keep
    their order of magnitude; gammas scatter around 1.
    """
    rng = np.random.default_rng(seed)
    variables = {}
    for name, shape in wanted.items():
        value = rng.normal(0, scale, shape)
        if len(shape) == 2:
            value *= 3 / shape[0] ** 0.5
        if name.endswith(("ln_gamma", "zw/super_linear_b")):
            value += 1
        variables[name] = value.astype(np.float32)
    return variables


def draw_batch(seed, *, batch_size, max_len):
    """Draws strokes [B, T + 1, 5], S_0 first, and lengths [B], one full."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, max_len + 1, batch_size)
    lengths[0] = max_len
    strokes = np.zeros((batch_size, max_len + 1, 5), np.float32)
    strokes[:, 0, 2] = 1
    for row, length in zip(strokes, lengths, strict=True):
        row[1 : length + 1, :2] = rng.normal(0, 1, (length, 2))
        lifted = rng.random(length) < 0.3
        row[1 : length + 1, 2] = ~lifted
        row[1 : length + 1, 3] = lifted
        row[length + 1 :, 4] = 1
    return strokes, lengths.astype(np.int32)


def forward(variables, strokes, lengths, *, eps=None, z=None, squash_z=False):
    """Runs encoder and decoder without dropout.

    Args:
      variables: By name, without `vector_rnn/`.
      strokes: [B, T + 1, 5], S_0 first.
      lengths: [B].
      eps: [B, Z], the noise that makes z; a conditional model's.
      z: [B, Z], instead of that.
      squash_z: Whether the initial state is made of tanh(z).

    Returns:
      The reference's outputs by name, and its costs of training.
    """
    v = {k: np.asarray(x, np.float64) for k, x in variables.items()}
    strokes = np.asarray(strokes, np.float64)
    inputs, targets = strokes[:, :-1], strokes[:, 1:]
    found = {"kl_cost": np.float64(0)}
    if "ENC_RNN_mu/super_linear_w" in v:
        hidden = encode(v, targets, lengths)
        mean = linear(v, "ENC_RNN_mu", hidden)
        presig = linear(v, "ENC_RNN_sigma", hidden)
        if z is None:
            z = mean + np.exp(presig / 2) * eps
        kl = -0.5 * np.mean(1 + presig - mean**2 - np.exp(presig))
        found |= {"mean": mean, "presig": presig, "z": z, "kl_cost": kl}
        start = np.tanh(z) if squash_z else z
        state = np.tanh(linear(v, "linear", start))
        inputs = np.concatenate(
            [inputs, np.repeat(z[:, None], inputs.shape[1], axis=1)], axis=2
        )
    else:
        state = np.zeros((len(inputs), state_size(v, "RNN")))
    found["initial_state"] = state
    outputs = []
    for t in range(inputs.shape[1]):
        output, state = step(v, "RNN", inputs[:, t], state)
        outputs.append(output @ v["RNN/output_w"] + v["RNN/output_b"])
    found["final_state"] = state
    found |= mixture(np.stack(outputs, axis=1))
    # L_R (training): offsets masked after the end, the pen not.
    density = (found["pi"] * normal_density(found, targets)).sum(axis=-1)
    offset = -np.log(density + 1e-6) * (1 - targets[..., 4])
    pen = -(targets[..., 2:] * log_softmax(found["pen_logits"])).sum(axis=-1)
    found["r_cost"] = np.mean(offset + pen)
    found["masked_r_cost"] = np.mean(offset + pen * (1 - targets[..., 4]))
    return found


def encode(v, strokes, lengths):
    """Returns the last outputs of both directions, [B, 2 E]."""
    hidden = []
    for row, length in zip(strokes, lengths, strict=True):
        both = []
        for scope, points in (
            ("ENC_RNN/fw", row[:length]),
            ("ENC_RNN/bw", row[:length][::-1]),
        ):
            state = np.zeros((1, state_size(v, scope)))
            for point in points:
                output, state = step(v, scope, point[None], state)
            both.append(output[0])
        hidden.append(np.concatenate(both))
    return np.array(hidden)


def step(v, scope, x, state, *, mask=1.0):
    """Runs one step of whatever cell has that scope, its state packed.

    Args:
      v: float64 variables.
      scope: Of the cell, such as "RNN".
      x: [B, X].
      state: [B, S].
      mask: Multiplies the candidate.

    Returns:
      The output [B, n] and the next state [B, S].
    """
    kind = cell_of(v, scope)
    name = f"{scope}/{CELLS[kind]}"
    n = v[f"{name}/W_hh"].shape[0]
    if kind == "lstm":
        c, h = state[:, :n], state[:, n:]
        a = x @ v[f"{name}/W_xh"] + h @ v[f"{name}/W_hh"] + v[f"{name}/bias"]
        i, j, f, o = np.split(a, 4, axis=1)
        c = c * sigmoid(f + 1) + sigmoid(i) * np.tanh(j) * mask
        h = np.tanh(c) * sigmoid(o)
        return h, np.concatenate([c, h], axis=1)
    if kind == "layer_norm":
        h, c = layer_norm_step(v, name, x, state[:, :n], state[:, n:], mask)
        return h, np.concatenate([h, c], axis=1)
    m = HYPER_SIZE
    h, u, c, hyper_c = np.split(state, [n, n + m, 2 * n + m], axis=1)
    u, hyper_c = layer_norm_step(
        v, f"{name}/LayerNormLSTMCell", np.concatenate([x, h], axis=1), u,
        hyper_c, 1.0,
    )  # fmt: skip
    x_blocks = np.split(x @ v[f"{name}/W_xh"], 4, axis=1)
    h_blocks = np.split(h @ v[f"{name}/W_hh"], 4, axis=1)
    scaled = []
    for block, value in zip(GATED_BLOCKS, x_blocks + h_blocks, strict=True):
        hyper = f"{name}/hyper_{block}"
        embedded = u @ v[f"{hyper}/zw/super_linear_w"]
        embedded = embedded + v[f"{hyper}/zw/super_linear_b"]
        value = embedded @ v[f"{hyper}/alpha/super_linear_w"] * value
        if block.endswith("h"):
            embedded = u @ v[f"{hyper}/zb/super_linear_w"]
            value = value + embedded @ v[f"{hyper}/beta/super_linear_w"]
        scaled.append(value)
    biases = np.split(v[f"{name}/bias"], 4)
    gates = [scaled[k] + scaled[4 + k] + biases[k] for k in range(4)]
    h, c = gated(v, name, gates, c, mask)
    return h, np.concatenate([h, u, c, hyper_c], axis=1)


def layer_norm_step(v, name, x, h, c, mask):
    """Runs one step of a layer-norm LSTM; returns h and c."""
    a = x @ v[f"{name}/W_xh"] + h @ v[f"{name}/W_hh"]
    return gated(v, name, np.split(a, 4, axis=1), c, mask)


def gated(v, name, gates, c, mask):
    """Normalises four gates, updates the memory and normalises it for h."""
    gammas = np.split(v[f"{name}/ln_all/ln_gamma"], 4)
    betas = np.split(v[f"{name}/ln_all/ln_beta"], 4)
    i, j, f, o = (
        normalised(gate, gamma, beta)
        for gate, gamma, beta in zip(gates, gammas, betas, strict=True)
    )
    c = c * sigmoid(f + 1) + sigmoid(i) * np.tanh(j) * mask
    gamma, beta = v[f"{name}/ln_c/ln_gamma"], v[f"{name}/ln_c/ln_beta"]
    return np.tanh(normalised(c, gamma, beta)) * sigmoid(o), c


def normalised(a, gamma, beta):
    """Normalises each row of [B, n]."""
    mean = a.mean(axis=1, keepdims=True)
    variance = a.var(axis=1, keepdims=True)
    return (a - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def cell_of(v, scope):
    """Returns the kind of cell that has a scope."""
    for kind, name in CELLS.items():
        if f"{scope}/{name}/W_hh" in v:
            return kind
    raise KeyError(scope)


def state_size(v, scope):
    """Returns the width of a cell's packed state."""
    kind = cell_of(v, scope)
    n = v[f"{scope}/{CELLS[kind]}/W_hh"].shape[0]
    return 2 * (n + HYPER_SIZE) if kind == "hyper" else 2 * n


def mixture(y):
    """Reads the decoder's outputs [..., 3 + 6 M] by the reference's names."""
    pen_logits, rest = y[..., :3], y[..., 3:]
    pi, mu1, mu2, sigma1, sigma2, corr = np.split(rest, 6, axis=-1)
    return {
        "pen_logits": pen_logits,
        "pi": np.exp(log_softmax(pi)),
        "mu1": mu1,
        "mu2": mu2,
        "sigma1": np.exp(sigma1),
        "sigma2": np.exp(sigma2),
        "corr": np.tanh(corr),
    }


def normal_density(p, targets):
    """Returns each component's textbook density, [B, T, M]."""
    dx = (targets[..., :1] - p["mu1"]) / p["sigma1"]
    dy = (targets[..., 1:2] - p["mu2"]) / p["sigma2"]
    rest = 1 - p["corr"] ** 2
    exponent = (dx**2 + dy**2 - 2 * p["corr"] * dx * dy) / (2 * rest)
    scale = 2 * np.pi * p["sigma1"] * p["sigma2"] * np.sqrt(rest)
    return np.exp(-exponent) / scale


def linear(v, scope, x):
    """Returns the reference's `super_linear`."""
    return x @ v[f"{scope}/super_linear_w"] + v[f"{scope}/super_linear_b"]


def log_softmax(x):
    """Returns the logarithm of the softmax over the last axis."""
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def sigmoid(x):
    """Returns 1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))
