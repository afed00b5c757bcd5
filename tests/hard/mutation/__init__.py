"""Mutation testing: small faults in the source, each of which a test must see."""
