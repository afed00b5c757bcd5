"""The published models of sketch-rnn-js: what there is, and getting it.

Google serves them to its web pages, `<name>.gen.json` each; magenta-js lists
their names.  What comes is read as data, see `sketch_rnn_js`: nothing in it
is executed.
"""

import difflib
import hashlib
import os
import pathlib
import re
import urllib.parse

from sketch_rnn_tf import partials, training
from sketch_rnn_tf.weights import sketch_rnn_js
from tfds_quickdraw import download as one_download, downloads, sources

BASE_URL = "https://storage.googleapis.com/quickdraw-models/sketchRNN/models"
"""Of the models with 512 units."""
LARGE_BASE_URL = (
    "https://storage.googleapis.com/quickdraw-models/sketchRNN/large_models"
)
"""Of larger models with the same names."""
ENDING = ".gen.json"
MAX_BYTES = 64_000_000
"""A file of 512 units has 3 million bytes."""
MAX_SECONDS = 120.0

_LISTED = """
alarm_clock ambulance angel ant antyoga backpack barn basket bear bee
beeflower bicycle bird book brain bridge bulldozer bus butterfly cactus
calendar castle cat catbus catpig chair couch crab crabchair
crabrabbitfacepig cruise_ship diving_board dog dogbunny dolphin duck
elephant elephantpig everything eye face fan fire_hydrant firetruck
flamingo flower floweryoga frog frogsofa garden hand hedgeberry hedgehog
helicopter kangaroo key lantern lighthouse lion lionsheep lobster map
mermaid monapassport monkey mosquito octopus owl paintbrush palm_tree
parrot passport peas penguin pig pigsheep pineapple pool postcard
power_outlet rabbit rabbitturtle radio radioface rain rhinoceros rifle
roller_coaster sandwich scorpion sea_turtle sheep skull snail snowflake
speedboat spider squirrel steak stove strawberry swan swing_set
the_mona_lisa tiger toothbrush toothpaste tractor trombone truck whale
windmill yoga yogabicycle
"""
NAMES: tuple[str, ...] = tuple(_LISTED.split())
"""As magenta-js lists them; several words in one are of a model of several."""

_NAME = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")


def checked_name(name: str, *, known: bool = True) -> str:
    """Returns a model's name as its file is called.

    Args:
      name: "cat", or "The Mona Lisa" or "the_mona_lisa".
      known: Whether it has to be one of `NAMES`.

    Raises:
      ValueError: If it is not, or could not be the name of a file and folder.

    >>> checked_name("The Mona Lisa")
    'the_mona_lisa'
    """
    slug = name.strip().lower().replace(" ", "_")
    if not _NAME.fullmatch(slug) or len(slug) > 64:
        raise ValueError(
            "name: expected letters, digits and single underscores or "
            f"hyphens, got {name!r}"
        )
    if known and slug not in NAMES:
        close = difflib.get_close_matches(slug, NAMES, n=1)
        hint = f"; did you mean {close[0]}?" if close else ";"
        raise ValueError(
            f"name: expected one of the {len(NAMES)} published models, got "
            f"{name!r}{hint} --url takes others"
        )
    return slug


def url(name: str, *, base_url: str = BASE_URL) -> str:
    """Returns where a model is.

    >>> url("cat", base_url="https://mirror.org/models/")
    'https://mirror.org/models/cat.gen.json'
    """
    return f"{base_url.rstrip('/')}/{urllib.parse.quote(name)}{ENDING}"


def download(
    location: str,
    out: str | os.PathLike,
    *,
    sha256: str | None = None,
    max_bytes: int = MAX_BYTES,
    max_seconds: float = MAX_SECONDS,
) -> tuple[pathlib.Path, str]:
    """Makes a work directory of a published model.

    Args:
      location: An http or https URL, a file:// URL or a path.
      out: A new or empty directory.
      sha256: What the file's sum has to be, in hex; None takes any.
      max_bytes: Of the file, at most.
      max_seconds: For the download.

    Returns:
      The directory, and the file's SHA-256 sum.

    Raises:
      ValueError: In one line, if the file cannot be had in time, is larger,
        has another sum or is no such model; nothing is written then.
    """
    out = pathlib.Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out}: expected a new or empty directory")
    # Not among the system's temporary files, where one that a killed process
    # leaves would stay.
    with partials.scratch(out.with_name(f"{out.name}.download")) as folder:
        if sources.is_remote(location):
            file = _fetched(location, folder, max_bytes, max_seconds)
        else:
            file = sources.local_path(location)
            if not file.is_file():
                raise ValueError(f"{location}: expected a file, found none")
        size = file.stat().st_size
        if size > max_bytes:
            raise ValueError(
                f"{location}: expected at most {max_bytes:,} bytes, got "
                f"{size:,}"
            )
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if sha256 and digest != sha256.lower():
            raise ValueError(
                f"{location}: expected the SHA-256 sum {sha256}, got {digest}"
            )
        try:
            model = sketch_rnn_js.import_sketch_rnn_js(file)
        except ValueError as error:
            # The file's name is one that nobody gave.
            text = str(error).replace(str(file), location)
            raise ValueError(text) from None
    model.compile()
    return training.save(model, out), digest


def _fetched(location, folder, max_bytes, max_seconds):
    try:
        files = downloads.fetch(
            {"": location},
            folder,
            # A server that says nothing at all gets all the time.
            timeout=max_seconds,
            max_bytes=max_bytes,
            max_seconds=max_seconds,
            leave_host=False,
        )
    except ValueError as error:
        # Nothing is kept here.
        text = str(error).removesuffix(one_download.AGAIN)
        raise ValueError(text) from error
    return files[""]
