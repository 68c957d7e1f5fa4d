"""Small words every room may use: errors, clock, ids, money, chance, principal, protocols. Standard library only."""
