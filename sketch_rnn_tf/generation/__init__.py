"""Generation: what a trained model draws, encodes and says of drawings."""
