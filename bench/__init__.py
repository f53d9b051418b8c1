"""Figures as ratios to a floor of the same run; see `bin/bench --help`."""
