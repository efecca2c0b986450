// Verifies a receipt here, in the browser: nothing is sent, and nothing of this office is asked.
// C2SP signed-note, tlog-proof and tlog-cosignature; RFC 9162, 2.1.3.2 (inclusion).
"use strict";
const encoder = new TextEncoder();
const ED25519 = 1, COSIGNATURE = 4, KEY = 32, HASH = 32, LONGEST_PATH = 63;
const LIMIT = 4294967296;

class Refused extends Error {}
const need = (holds, says) => { if (!holds) { throw new Refused(says); } };
const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
const same = (one, other) => hex(one) === hex(other);

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

function base64(text, what) {
  let raw;
  try { raw = atob(text); } catch { throw new Refused(`${what} is not base64.`); }
  need(btoa(raw) === text, `${what} is not base64 in its one spelling.`);
  return Uint8Array.from(raw, (sign) => sign.charCodeAt(0));
}

function number(text, what) {
  need(/^(0|[1-9][0-9]{0,9})$/.test(text) && Number(text) < LIMIT, `${what} is no plain number.`);
  return Number(text);
}

async function readKey(line) {
  const [name, id, ...rest] = line.split("+");
  need(name && !/\s/.test(name) && /^[0-9a-f]{8}$/.test(id || "") && rest.length, "A key is: name+id+base64.");
  const raw = base64(rest.join("+"), `The key of ${name}`);
  need([ED25519, COSIGNATURE].includes(raw[0]) && raw.length === 1 + KEY, `The key of ${name} is not one for Ed25519.`);
  const own = await sha256(encoder.encode(`${name}\n`), raw);
  need(hex(own.slice(0, 4)) === id, `The id of ${name} is not that of its key.`);
  const key = await crypto.subtle.importKey("raw", raw.slice(1), { name: "Ed25519" }, false, ["verify"]);
  return { name, id, type: raw[0], key };
}

function readNote(text) {
  const at = text.indexOf("\n\n");
  need(at > 0 && text.endsWith("\n"), "The checkpoint is not whole.");
  const body = text.slice(0, at + 1);
  const lines = text.slice(at + 2).split("\n").slice(0, -1);
  need(lines.length > 0 && lines.length <= 100, "The checkpoint bears no signature, or too many.");
  const signatures = lines.map((line) => {
    const found = /^\u2014 ([^\s+]+) (\S+)$/.exec(line);
    need(found, "A signature of the checkpoint is malformed.");
    const raw = base64(found[2], `The signature of ${found[1]}`);
    need(raw.length > 4, `The signature of ${found[1]} is too short.`);
    return { name: found[1], id: hex(raw.slice(0, 4)), signature: raw.slice(4) };
  });
  const [origin, size, root, ...more] = body.split("\n");
  need(more.length >= 1 && origin, "The checkpoint is not one of a log.");
  return { body, signatures, origin, size: number(size, "The size of the ledger"), root: base64(root, "The root") };
}

function readReceipt(text) {
  const at = text.indexOf("\n\n");
  need(at > 0, "This is no receipt (tlog-proof).");
  const lines = text.slice(0, at).split("\n");
  need(lines.shift() === "c2sp.org/tlog-proof@v1", "The first line is not that of a receipt (tlog-proof).");
  if (lines.length && lines[0].startsWith("extra ")) { lines.shift(); }
  need(lines.length && lines[0].startsWith("index "), "The receipt has no index.");
  const index = number(lines.shift().slice(6), "The index");
  need(lines.length <= LONGEST_PATH, "The path is too long.");
  const path = lines.map((line) => base64(line, "A hash of the path"));
  need(path.every((one) => one.length === HASH), "A hash of the path has not 32 bytes.");
  return { index, path, note: readNote(text.slice(at + 2)) };
}

async function rootOf(leaf, index, size, path) {
  need(index < size, "The index is not within the ledger that the checkpoint speaks of.");
  let fn = index, sn = size - 1, root = leaf;
  for (const one of path) {
    need(sn > 0, "The path is longer than the ledger is deep.");
    if (fn % 2 === 1 || fn === sn) {
      root = await sha256(Uint8Array.of(1), one, root);
      while (fn % 2 === 0 && fn > 0) { fn = Math.floor(fn / 2); sn = Math.floor(sn / 2); }
    } else {
      root = await sha256(Uint8Array.of(1), root, one);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  need(sn === 0, "The path is shorter than the ledger is deep.");
  return root;
}

async function signedBy(key, note) {
  for (const one of note.signatures.filter((line) => line.name === key.name && line.id === key.id)) {
    let message = encoder.encode(note.body), signature = one.signature;
    if (key.type === COSIGNATURE) {
      need(signature.length === 72, `The cosignature of ${key.name} has not its length.`);
      const time = new DataView(signature.buffer, signature.byteOffset, 8).getBigUint64(0);
      message = encoder.encode(`cosignature/v1\ntime ${time}\n${note.body}`);
      signature = signature.slice(8);
    }
    need(signature.length === 64, `The signature of ${key.name} has not its length.`);
    need(await crypto.subtle.verify({ name: "Ed25519" }, key.key, signature, message),
      `The signature of ${key.name} does not hold.`);
    return true;
  }
  return false;
}

async function verify(keys, receipt, entry, say) {
  const read = await Promise.all(keys.split("\n").map((line) => line.trim()).filter(Boolean).map(readKey));
  const { index, path, note } = readReceipt(receipt);
  const logs = read.filter((key) => key.type === ED25519 && key.name === note.origin);
  need(logs.length === 1, `Give the one key of the log ${note.origin}.`);
  need(await signedBy(logs[0], note), "The log of this key has not signed the checkpoint.");
  say(`The log ${note.origin} signed a ledger of ${note.size} entries.`);
  const root = await rootOf(await sha256(Uint8Array.of(0), encoder.encode(entry)), index, note.size, path);
  need(same(root, note.root), "The entry is not in the ledger that was signed: the hashes do not lead to its root.");
  say(`The entry is number ${index} of it: ${path.length} hashes lead from it to the root that was signed.`);
  let cosigned = 0;
  for (const key of read.filter((one) => one.type === COSIGNATURE)) {
    if (await signedBy(key, note)) { cosigned += 1; say(`${key.name} cosigned the same ledger.`); }
    else { say(`${key.name} has not cosigned it.`); }
  }
  return cosigned;
}

const form = document.getElementById("verify");
if (form) {
  const told = document.getElementById("told"), steps = document.getElementById("steps");
  for (const chosen of form.querySelectorAll("input[type=file]")) {
    chosen.addEventListener("change", async () => {
      if (chosen.files.length) { form.elements[chosen.dataset.fills].value = await chosen.files[0].text(); }
    });
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    steps.replaceChildren();
    const say = (words) => { const line = document.createElement("li"); line.textContent = words; steps.append(line); };
    let verdict = "", good = false;
    try {
      const cosigned = await verify(form.elements.keys.value, form.elements.receipt.value, form.elements.entry.value, say);
      verdict = cosigned ? "Verified, with cosignatures." : "Verified. No witness was asked for: give their keys to ask.";
      good = true;
    } catch (error) {
      verdict = error instanceof Refused ? `Not verified. ${error.message}` :
        "Not verified. This browser cannot check Ed25519; use the command instead.";
    }
    told.querySelector("p").textContent = verdict;
    told.className = good ? "notice good" : "notice bad";
    told.hidden = false;
    told.focus();
  });
}
