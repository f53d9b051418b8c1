"""The calls, one file per kind of thing."""
