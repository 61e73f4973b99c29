"""What a lesson may take."""

MEMORY_LIMIT = 1.2e9
