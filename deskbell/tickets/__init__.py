"""Tickets and their messages: what Deskbell exists for."""
