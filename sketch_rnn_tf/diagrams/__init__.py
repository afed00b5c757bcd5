"""Diagrams: of the model itself (Figure 5) and of trainings (Figure 8)."""
