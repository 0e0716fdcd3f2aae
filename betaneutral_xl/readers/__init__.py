"""What files say: bytes in, values out; nothing is fetched."""
