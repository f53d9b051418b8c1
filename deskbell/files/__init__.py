"""Blobs: bytes kept once per content, outside the web root, without a URL of their own."""
