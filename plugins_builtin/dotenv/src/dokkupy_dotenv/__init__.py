"""dokkupy-dotenv: `.env` files."""
