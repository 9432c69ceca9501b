// Reached by loopback, as administrator. The password is read here, so that it is on no command line.
var db = (() => {
  const password = require("fs").readFileSync("/run/dokkupy/root-password", "utf8");
  const login = `${service.admin}:${encodeURIComponent(password)}`;
  return connect(
    `mongodb://${login}@127.0.0.1:27017/${service.database}?authSource=admin&directConnection=true&serverSelectionTimeoutMS=5000`,
  );
})();
