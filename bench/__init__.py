"""Figures, as ratios within one run; absolute numbers move with the machine and are printed only as context."""
