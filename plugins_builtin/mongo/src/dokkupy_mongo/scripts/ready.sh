# The server of the image's own set-up listens on loopback alone, and without users. Cheap while nobody listens.
exec 3<>"/dev/tcp/$(hostname)/27017"
exec 3>&-
