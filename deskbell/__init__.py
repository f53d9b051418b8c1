"""Deskbell, a self-hosted ticket desk for IT companies."""

__version__ = "0.1.0"
