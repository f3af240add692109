// Prints the section of CHANGELOG.md that is about package.json's version.
import { readFileSync } from "node:fs";

const read = (file) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
const { version } = JSON.parse(read("package.json"));
const section = read("CHANGELOG.md")
    .split(/^## /m)
    .find((text) => text.split(/\s/, 1)[0] === version);
if (section === undefined) {
    throw new Error(`CHANGELOG.md has no section "## ${version}". Write one.`);
}
process.stdout.write(`${section.slice(section.indexOf("\n")).trim()}\n`);
