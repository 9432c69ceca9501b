print(db.version());
