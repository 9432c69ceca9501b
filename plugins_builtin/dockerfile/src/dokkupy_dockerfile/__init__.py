"""The builder `dockerfile`: an app's own Dockerfile, built by the docker client."""
