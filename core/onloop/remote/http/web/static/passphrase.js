// A person proves to the gateway that they know their passphrase, by SCRAM (RFC 5802) with scrypt as onloop's verbs do.
// The passphrase and its keys stay in this page; what comes of it is a cookie that no script can read.

const LEAST_COST = 2 ** 17, MOST_COST = 2 ** 20;
const bytes = (text) => new TextEncoder().encode(text);
const base64 = (content) => btoa(String.fromCharCode(...content));
const fromBase64 = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
const hex = (content) => [...content].map((each) => each.toString(16).padStart(2, "0")).join("");

export class Refused extends Error {}

async function hmac(key, content) {
  const made = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", made, content));
}

function salted(passphrase, salt, cost) {
  return new Promise((done, failed) => {
    const worker = new Worker("/web/static/scrypt.js");
    const end = (what, how) => { worker.terminate(); how(what); };
    worker.onmessage = ({ data }) =>
      data.salted ? end(data.salted, done) : end(new Refused(`this browser cannot compute it: ${data.problem}`), failed);
    worker.onerror = () => end(new Refused("this browser cannot compute it"), failed);
    worker.postMessage({ passphrase: bytes(passphrase), salt, cost });
  });
}

// The same text as Python's json.dumps(…, sort_keys=True, separators=(",", ":")): the code is made over it.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${canonical(name)}:${canonical(value[name])}`).join(",")}}`;
  }
  const escape = (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[^ -~]/g, escape);
}

async function ask(path, fields, headers = {}) {
  const asked = { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(fields) };
  const answer = await fetch(path, { ...asked, credentials: "same-origin", cache: "no-store", referrerPolicy: "no-referrer" });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused([said.detail, said.hint].filter(Boolean).join(": ") || `the gateway answers ${answer.status}`);
  return { said, session: answer.headers.get("Onloop-Session") };
}

function demanded(text, nonce) {
  const found = Object.fromEntries(text.split(",").map((part) => [part[0], part.slice(2)]));
  const cost = Number(found.i);
  if (found.e === "1") throw new Refused("this passphrase was enrolled by an earlier onloop: sign in once with onloop login");
  if (!(found.r || "").startsWith(nonce) || found.r.length < nonce.length + 18) {
    throw new Refused("the gateway's answer has a nonce that was not sent: the connection may be intercepted");
  }
  if (!(cost >= LEAST_COST && cost <= MOST_COST) || cost & (cost - 1)) {
    throw new Refused(`the gateway asks for scrypt with N=${found.i}, which is not safe: do not type your passphrase here`);
  }
  return { nonce: found.r, salt: fromBase64(found.s), cost };
}

function isSame(one, other) {
  let different = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) different |= one[at] ^ other[at];
  return different === 0;
}

export async function signIn(name, passphrase) {
  const nonce = base64(crypto.getRandomValues(new Uint8Array(24)));
  const first = `n,,n=${name.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
  const begun = await ask("/v1/scram_first", { message: first });
  const demand = demanded(begun.said.ok, nonce);
  const password = await salted(passphrase, demand.salt, demand.cost);
  const client = await hmac(password, bytes("Client Key"));
  const stored = new Uint8Array(await crypto.subtle.digest("SHA-256", client));
  const final = `c=biws,r=${demand.nonce},a=0,u=0`;
  const exchange = bytes(`${first.slice(3)},${begun.said.ok},${final}`);
  const signature = await hmac(stored, exchange);
  const proof = client.map((each, at) => each ^ signature[at]);
  const session = { "Onloop-Session": begun.session };
  const proved = (await ask("/v1/scram_final", { message: `${final},p=${base64(proof)}`, typed: true }, session)).said.ok;
  const expected = await hmac(await hmac(password, bytes("Server Key")), exchange);
  if (!proved.final.startsWith("v=") || !isSame(fromBase64(proved.final.slice(2)), expected)) {
    throw new Refused("what answers does not know you: it is not the gateway");
  }
  const key = await hmac(client, new Uint8Array([...bytes("onloop decisions"), 0, ...exchange]));
  const fields = { principal: proved.person };
  const sealed = bytes(canonical(["onloop", proved.store, 1, "mint_session", fields]));
  await ask("/web/session", fields, { ...session, "Onloop-Code": `1:${hex(await hmac(key, sealed))}` });
}

export async function signOut() {
  await ask("/web/session/end", {});
}
