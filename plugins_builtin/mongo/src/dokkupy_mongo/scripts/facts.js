// The invariants of the content, as one object. Documents are hashed as they come over the wire: the server's own dbHash
// would hold off every writer until it has read all.
void (() => {
  const crypto = require("crypto");
  // Of a function made from text the shell rewrites nothing: ten times as fast for each document.
  const summer = new Function(
    "crypto",
    `let count = 0, sum = 0;
     return {
       take(raw) {
         count += 1;
         sum = (sum + crypto.createHash("sha256").update(raw).digest().readUIntBE(0, 6)) % 0x1000000000000;
       },
       told() { return [count, sum]; },
     }`,
  );
  const sorted = (found) => Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = (found) => EJSON.stringify(found, { relaxed: false });
  const hash = (found) => crypto.createHash("sha256").update(found).digest("hex").slice(0, 32);
  // Of an index, what servers of different versions say differently about the same.
  const spec = ({ v, ns, background, textIndexVersion, "2dsphereIndexVersion": sphere, ...rest }) => text(sorted(rest));

  const facts = {};
  for (const { name, type, options } of db.getCollectionInfos()) {
    if (name.startsWith("system.")) continue;
    const { uuid, ...kept } = options;
    const schema = [type, text(sorted(kept))];
    if (type !== "view") {
      const indexes = type === "timeseries" ? [] : db.getCollection(name).getIndexes().map(spec).sort();
      schema.push(...indexes);
      const found = summer(crypto);
      // The third argument goes to the driver: documents come as bytes.
      db.getCollection(name).find({}, {}, { raw: true, batchSize: 5000 }).forEach(found.take);
      const [count, sum] = found.told();
      facts[`collection ${name}: documents`] = String(count);
      facts[`content of ${name}`] = String(sum);
      facts[`collection ${name}: indexes`] = String(indexes.length);
    }
    facts[`collection ${name}: options and indexes`] = hash(schema.join("\n"));
  }
  const named = (roles) => roles.map(({ role, db }) => `${role}@${db}`).sort();
  for (const { user, roles } of db.getUsers().users) facts[`user ${user}`] = named(roles).join(" ");
  for (const { role, roles, privileges } of db.runCommand({ rolesInfo: 1, showPrivileges: true }).roles)
    facts[`role ${role}`] = hash([...named(roles), ...privileges.map(text).sort()].join("\n"));
  print(JSON.stringify(facts));
})();
