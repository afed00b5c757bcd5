"""Preparation: from what people draw to sketches, NumPy only."""
