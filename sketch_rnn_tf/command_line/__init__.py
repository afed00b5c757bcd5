"""The commands of `sketch-rnn`: their arguments, and what they do."""
