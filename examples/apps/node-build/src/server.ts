import express from "express";

const app = express();
app.get("/", (_request, response) => {
  response.type("text/plain").send("Hello from a Node.js build\n");
});
app.listen(Number(process.env.PORT ?? 5000));
