// Markdown in, pages out: what site generators do, in a few lines.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { marked } from "marked";

mkdirSync("dist", { recursive: true });
for (const name of readdirSync("pages")) {
  const body = marked.parse(readFileSync(`pages/${name}`, "utf8"));
  writeFileSync(`dist/${name.replace(".md", ".html")}`, `<!doctype html><title>Hello</title>\n${body}`);
}
