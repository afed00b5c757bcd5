"""The model: cells, encoder, decoder, their losses, and the VAE."""
