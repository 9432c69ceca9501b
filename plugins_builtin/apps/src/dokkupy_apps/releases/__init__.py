"""The records of what was deployed: releases and their images."""
