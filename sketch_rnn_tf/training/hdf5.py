"""HDF5 files of weights, looked at before they are read.

A dataset may state any shape without a byte of it in the file, and name other
files as the place of its values; reading it would fill memory with zeros, or
with what is not the stranger's.
"""

import os
from typing import Any

import h5py

from sketch_rnn_tf import quoting


def restore(model: Any, path: str | os.PathLike) -> None:
    """Gives a Keras model the weights of a file.

    Args:
      model: The model.
      path: What its `save_weights` wrote.

    Raises:
      ValueError: In one line, if the file is damaged or of other sizes.
    """
    try:
        check(path)
        model.load_weights(path)
    except Exception as error:
        # What HDF5 and Keras raise for a damaged file has no common base.
        reason = quoting.line(error)
        raise ValueError(
            f"{path}: expected the weights of this configuration, got {reason}"
        ) from error


def check(path: str | os.PathLike) -> None:
    """Checks that all values of a file are in the file, as Keras writes them.

    Args:
      path: The file.

    Raises:
      ValueError: If a dataset is larger than the file or is elsewhere, or a
        link goes to another place.
      OSError: If it is no HDF5 file.
    """
    left = os.path.getsize(path)
    links = []
    with h5py.File(path, "r") as file:
        # Raising an error within it leaves HDF5 in disorder.
        file.visititems_links(lambda *found: links.append(found))
        for name, link in links:
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"a link {name!r} to another place")
            found = file[name]
            if not isinstance(found, h5py.Dataset):
                continue
            if found.external or found.is_virtual:
                raise ValueError(f"{name!r} elsewhere")
            left -= found.nbytes
            if left < 0:
                raise ValueError(
                    f"{name!r} of {found.nbytes:,} bytes, which are not all "
                    "in the file"
                )
