"""When: schedules as stored, changed and due."""
