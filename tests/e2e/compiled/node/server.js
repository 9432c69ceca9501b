const { dependencies } = require("./package.json");
for (const name of Object.keys(dependencies)) require(name);
const rows = new (require("better-sqlite3"))(":memory:").prepare("select 1 as one").all();
const hash = require("bcrypt").hashSync("secret", 4);
require("http")
  .createServer((request, response) => response.end(`loaded ${rows[0].one} ${hash.length}`))
  .listen(process.env.PORT, "0.0.0.0");
