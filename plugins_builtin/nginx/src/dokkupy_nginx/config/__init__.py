"""nginx's configuration language, and what one app's file claims of nginx."""
