if (db.dropDatabase().ok !== 1) throw new Error("the database was not dropped");
