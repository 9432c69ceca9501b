"""nginx's configuration language, and the sockets and names that an app's file claims."""
