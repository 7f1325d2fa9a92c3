// All JavaScript that a phone has to load, compressed as it is sent, against what was promised.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const MOST = 150 * 1024;
const files = readdirSync("dist", { recursive: true }).filter((name) => name.endsWith(".js"));
const sizes = files.map((name) => [gzipSync(readFileSync(join("dist", name))).length, name]);
const whole = sizes.reduce((sum, [size]) => sum + size, 0);
for (const [size, name] of sizes) console.log(`${(size / 1024).toFixed(1).padStart(7)} KB  ${name}`);
console.log(`${(whole / 1024).toFixed(1).padStart(7)} KB  of ${MOST / 1024} KB`);
process.exitCode = files.length && whole <= MOST ? 0 : 1;
