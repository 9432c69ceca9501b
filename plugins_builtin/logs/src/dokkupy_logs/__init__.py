"""The output of instances: live, and of failed deploys."""
