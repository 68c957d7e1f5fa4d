"""Any channel: the shape of messages in and out, the inbox, the outbox and delivery. Knows no WeCom word."""
