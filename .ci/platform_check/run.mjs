// Runs the check on wasm32 and prints its report: `node run.mjs platform_check.wasm`.
import { readFile } from "node:fs/promises";

const module = await WebAssembly.compile(await readFile(process.argv[2]));
const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) {
    // What is given nothing can do no I/O, has no clock and no randomness.
    console.error("the module wants something of its host:", imports);
    process.exit(1);
}
console.error("wasm32, little-endian, 32 bits, no imports");
const { exports } = await WebAssembly.instantiate(module, {});
const found = exports.platform_check_report();
const { buffer } = exports.memory; // as it is after the call: it may have grown
const [place, length] = new Uint32Array(buffer, found, 2);
process.stdout.write(new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(buffer, place, length)));
