"""Users and their addresses, organisations, teams, roles and what they may do."""
