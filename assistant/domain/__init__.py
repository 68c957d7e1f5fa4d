"""The business, one room per subject; enter a room by its door, never by its files."""
