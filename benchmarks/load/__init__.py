"""A running server under load: the shop, the shoppers, the client, the floor."""
