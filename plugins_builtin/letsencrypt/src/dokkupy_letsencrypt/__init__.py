"""Certificates from Let's Encrypt and other ACME authorities, by certbot."""
