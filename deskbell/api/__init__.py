"""The REST API: tokens in, JSON out; the same actions and the same rights as on the pages."""
