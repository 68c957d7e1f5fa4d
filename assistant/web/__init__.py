"""HTTP in: the WeCom webhook, the API, the console, health. Not for rules; it knows who is asking and hands on."""
