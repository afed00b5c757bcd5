"""Strict surroundings for every test, and the fixtures that many share."""

import os

# Before anything imports TensorFlow.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import ipaddress
import random
import signal
import socket
import sys

import hypothesis
import numpy as np
import pytest

PACKAGES = ("sketch_rnn_tf", "tfds_quickdraw", "export")

# How long an example takes depends on what else the machine does.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_configure(config):
    """Makes warnings of our own modules errors, in fixtures as well."""
    # In a shell's background Ctrl-C is ignored, and would be in the tests of it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # One filter for all modules: each is put in place four times a test.
    modules = rf"({'|'.join(PACKAGES)})(\.|\Z)"
    config.addinivalue_line("filterwarnings", f"error:::{modules}")


def _is_local(host):
    if host in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Lets sockets reach nothing but this machine."""
    resolve = socket.getaddrinfo

    def guarded(name):
        original = getattr(socket.socket, name)

        def call(self, *args):
            address = args[-1]
            if self.family != socket.AF_UNIX and not _is_local(address[0]):
                raise OSError(f"tests have no network, asked for {address}")
            return original(self, *args)

        return call

    def getaddrinfo(host, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        if not _is_local(name):
            raise OSError(f"tests have no network, asked for {name}")
        return resolve(host, *args, **kwargs)

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, guarded(name))
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture(autouse=True)
def fixed_seeds():
    """Starts every test with the same global random states."""
    random.seed(0)
    np.random.seed(0)
    # Tests that do without TensorFlow go on doing so.
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(0)


@pytest.fixture(scope="session")
def sketches():
    """Returns 25 different sketches of 3 to 12 whole-number points."""
    rng = np.random.default_rng(0)
    made = []
    for index in range(25):
        length = 3 + index % 10
        stroke3 = rng.integers(-40, 41, [length, 3]).astype(np.float32)
        stroke3[:, 2] = rng.random(length) < 0.25
        stroke3[-1, 2] = 1
        made.append(stroke3)
    return made


@pytest.fixture(scope="session")
def tiny_config(sketches):
    """Returns the configuration of a model that takes no time, N_max 12."""
    from sketch_rnn_tf import presets
    from sketch_rnn_tf.data import measurement

    made = presets.preset("tiny").replace(
        encoder_size=8,
        decoder_size=8,
        z_size=4,
        num_mixtures=3,
        batch_size=5,
        steps=20,
        validate_every=10,
        num_buckets=0,  # so that a test may set max_len alone
    )
    return measurement.fit_config(made, sketches)


@pytest.fixture(scope="session")
def make_model():
    """Returns a function that makes an untrained model which draws.

    The logit of the end is lowered by 3, as else a third of the drawings are
    empty; and the parameters of a point depend more on what was before it.
    """
    from sketch_rnn_tf.model import vae

    def make(config):
        model = vae.SketchRNN(config)
        model.decoder.output_bias.assign_add(_end_logit(model, -3.0))
        model.decoder.output_kernel.assign(3 * model.decoder.output_kernel)
        if model.encoder is not None:
            rng = np.random.default_rng(0)
            for name in ("mu_kernel", "log_var_kernel"):
                weight = getattr(model.encoder, name)
                weight.assign(rng.normal(0, 0.5, weight.shape))
        return model

    return make


@pytest.fixture(scope="session")
def model(make_model, tiny_config):
    """Returns a conditional model; leave it as it is."""
    return make_model(tiny_config)


@pytest.fixture(scope="session")
def unconditional(make_model, tiny_config):
    """Returns a model without an encoder; leave it as it is."""
    return make_model(tiny_config.replace(conditional=False))


@pytest.fixture(scope="session")
def doodle_sketches():
    """Returns 60 doodles, six of each kind."""
    from sketch_rnn_tf import doodles

    return [
        doodles.draw(kind, seed=seed).stroke3
        for seed in range(6)
        for kind in doodles.KINDS
    ]


@pytest.fixture(scope="session")
def work_dir(doodle_sketches, tiny_config, tmp_path_factory):
    """Returns a work directory of 20 steps; copy it to change it.

    Its best weights end drawings more seldom than it learned, so that there
    is something to see in them.
    """
    from sketch_rnn_tf import training
    from sketch_rnn_tf.data import measurement
    from sketch_rnn_tf.training import work_directory

    path = tmp_path_factory.mktemp("trained") / "work"
    config = tiny_config.replace(max_len=0, num_buckets=3, batch_size=10)
    config = measurement.fit_config(config, doodle_sketches)
    train, valid = doodle_sketches[:40], doodle_sketches[40:]
    training.train(config, train, valid, path, verbose=0)
    model = training.load(path)
    model.decoder.output_bias.assign_add(_end_logit(model, -3.0))
    model.save_weights(path / work_directory.BEST_WEIGHTS, overwrite=True)
    return path


@pytest.fixture(scope="session")
def exported(work_dir, tmp_path_factory):
    """Returns the SavedModel of the trained work directory."""
    import export
    from sketch_rnn_tf import training

    return export.export_saved_model(
        training.load(work_dir), tmp_path_factory.mktemp("exported") / "doodles"
    )


def _end_logit(model, value):
    """Returns the output bias's change that adds to the end's logit."""
    change = np.zeros(model.decoder.output_bias.shape, np.float32)
    change[2] = value
    return change
