"""One query over everything that was written."""
