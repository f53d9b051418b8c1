"""What leaves the house. An item is put in the transaction that caused it and goes out at most once."""
