"""Data: from sketches to the batches that a model is trained on."""
