"""What comes from outside: files, the network, the embedded sample."""
