"""The fund's web API and addresses of files: requests that end, a cache, credentials."""
