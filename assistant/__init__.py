"""The service: everything between WeCom, the account book and the people who run the brand."""
