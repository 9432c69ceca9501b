// The apps' user lives in the database: clients look for it there when a URL says nothing else (authSource).
void (() => {
  const roles = ["readWrite", "dbAdmin"].map((role) => ({ role, db: service.database }));
  const pwd = require("fs").readFileSync("/run/dokkupy/password", "utf8");
  if (db.getUser(service.user)) db.updateUser(service.user, { pwd, roles });
  else db.createUser({ user: service.user, pwd, roles });
})();
