"""Package metadata of sketch_rnn_tf; the one source of it."""

import pathlib
import re

import setuptools

HERE = pathlib.Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "(.+)"$',
    (HERE / "sketch_rnn_tf" / "version.py").read_text(),
    re.MULTILINE,
).group(1)

setuptools.setup(
    name="sketch_rnn_tf",
    version=VERSION,
    description="sketch-rnn (Ha & Eck, 2017) for TensorFlow and Keras",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    author="the sketch_rnn_tf developers",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    # Several top-level packages: setuptools refuses to guess among them.
    packages=[
        "sketch_rnn_tf",
        "sketch_rnn_tf.cells",
        "sketch_rnn_tf.command_line",
        "sketch_rnn_tf.diagrams",
        "sketch_rnn_tf.doodles",
        "sketch_rnn_tf.drawing",
        "sketch_rnn_tf.experiments",
        "sketch_rnn_tf.experiments.claims",
        "sketch_rnn_tf.figures",
        "sketch_rnn_tf.files",
        "sketch_rnn_tf.files.svg",
        "sketch_rnn_tf.inspection",
        "sketch_rnn_tf.quality",
        "sketch_rnn_tf.pretrained",
        "sketch_rnn_tf.studio",
        "sketch_rnn_tf.training",
        "sketch_rnn_tf.weights",
        "tfds_quickdraw",
        "tfds_quickdraw.quickdraw_strokes",
        "export",
        "export.client",
        "export.serving",
        "export.tfjs",
    ],
    package_data={
        "sketch_rnn_tf": ["py.typed"],
        "sketch_rnn_tf.pretrained": [
            "*/config.json",
            "*/weights.npz",
            "*/card.json",
            "*/card.md",
        ],
        "export": ["py.typed", "web/dist/*", "web/*.js", "web/src/*.js"],
        "export.serving": [
            "templates/*",
            "templates/kubernetes/*",
        ],
        "tfds_quickdraw": ["py.typed"],
        "tfds_quickdraw.quickdraw_strokes": [
            "README.md",
            "CITATIONS.bib",
            "TAGS.txt",
            "checksums.tsv",
        ],
    },
    install_requires=[
        "tensorflow>=2.19,<2.22",
        "tf-keras>=2.19,<2.22",
        "tensorflow-probability>=0.25,<0.26",
        "keras>=3.12,<4",
        "tensorflow-datasets==4.9.10",
        "importlib_resources",
        "tensorboard>=2.19,<2.22",
        "tensorflow-serving-api>=2.19,<2.22",
        "grpcio>=1.60",
        "h5py>=3.11",
        "numpy>=2",
        "defusedxml>=0.7.1",
        "loky>=3.4",
        "orjson>=3.10",
        "pillow",
        "requests",
        "urllib3>=2",
        "tqdm",
        "svgwrite>=1.4",
        "resvg-py>=0.5,<0.6",
        "font-roboto>=0.0.1",
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]>=2.19,<2.22"],
        "beam": ["apache-beam>=2.60"],
        "scan": ["scikit-image>=0.26"],
        "test": [
            "pytest",
            "pytest-xdist",
            "hypothesis",
            "dill",
            "psutil",
            "atheris>=3; sys_platform == 'linux'",
            "scipy",
            "ruff",
            "nbclient",
            "nbformat",
            "ipykernel",
            "check-jsonschema",
            "kubernetes-validate",
            "PyYAML",
        ],
    },
    entry_points={
        "console_scripts": ["sketch-rnn = sketch_rnn_tf.cli:run"],
    },
)
