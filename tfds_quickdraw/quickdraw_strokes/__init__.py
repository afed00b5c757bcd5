"""The dataset `quickdraw_strokes`, as a folder of TensorFlow Datasets."""
