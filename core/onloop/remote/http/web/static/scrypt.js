// scrypt (RFC 7914) with r = 8 and p = 1, in a worker: the page stays alive while it works.
// The browser gives PBKDF2; what is missing in it is here, and is compared with Python's in tests/web.
"use strict";

const R = 8;
const WORDS = 32 * R;

function salsa(x) {
  let a = x[0], b = x[1], c = x[2], d = x[3], e = x[4], f = x[5], g = x[6], h = x[7];
  let i = x[8], j = x[9], k = x[10], l = x[11], m = x[12], n = x[13], o = x[14], p = x[15];
  let t = 0;
  for (let round = 0; round < 4; round++) {
    t = (a + m) | 0; e ^= (t << 7) | (t >>> 25);
    t = (e + a) | 0; i ^= (t << 9) | (t >>> 23);
    t = (i + e) | 0; m ^= (t << 13) | (t >>> 19);
    t = (m + i) | 0; a ^= (t << 18) | (t >>> 14);
    t = (f + b) | 0; j ^= (t << 7) | (t >>> 25);
    t = (j + f) | 0; n ^= (t << 9) | (t >>> 23);
    t = (n + j) | 0; b ^= (t << 13) | (t >>> 19);
    t = (b + n) | 0; f ^= (t << 18) | (t >>> 14);
    t = (k + g) | 0; o ^= (t << 7) | (t >>> 25);
    t = (o + k) | 0; c ^= (t << 9) | (t >>> 23);
    t = (c + o) | 0; g ^= (t << 13) | (t >>> 19);
    t = (g + c) | 0; k ^= (t << 18) | (t >>> 14);
    t = (p + l) | 0; d ^= (t << 7) | (t >>> 25);
    t = (d + p) | 0; h ^= (t << 9) | (t >>> 23);
    t = (h + d) | 0; l ^= (t << 13) | (t >>> 19);
    t = (l + h) | 0; p ^= (t << 18) | (t >>> 14);
    t = (a + d) | 0; b ^= (t << 7) | (t >>> 25);
    t = (b + a) | 0; c ^= (t << 9) | (t >>> 23);
    t = (c + b) | 0; d ^= (t << 13) | (t >>> 19);
    t = (d + c) | 0; a ^= (t << 18) | (t >>> 14);
    t = (f + e) | 0; g ^= (t << 7) | (t >>> 25);
    t = (g + f) | 0; h ^= (t << 9) | (t >>> 23);
    t = (h + g) | 0; e ^= (t << 13) | (t >>> 19);
    t = (e + h) | 0; f ^= (t << 18) | (t >>> 14);
    t = (k + j) | 0; l ^= (t << 7) | (t >>> 25);
    t = (l + k) | 0; i ^= (t << 9) | (t >>> 23);
    t = (i + l) | 0; j ^= (t << 13) | (t >>> 19);
    t = (j + i) | 0; k ^= (t << 18) | (t >>> 14);
    t = (p + o) | 0; m ^= (t << 7) | (t >>> 25);
    t = (m + p) | 0; n ^= (t << 9) | (t >>> 23);
    t = (n + m) | 0; o ^= (t << 13) | (t >>> 19);
    t = (o + n) | 0; p ^= (t << 18) | (t >>> 14);
  }
  x[0] = (x[0] + a) | 0; x[1] = (x[1] + b) | 0; x[2] = (x[2] + c) | 0; x[3] = (x[3] + d) | 0;
  x[4] = (x[4] + e) | 0; x[5] = (x[5] + f) | 0; x[6] = (x[6] + g) | 0; x[7] = (x[7] + h) | 0;
  x[8] = (x[8] + i) | 0; x[9] = (x[9] + j) | 0; x[10] = (x[10] + k) | 0; x[11] = (x[11] + l) | 0;
  x[12] = (x[12] + m) | 0; x[13] = (x[13] + n) | 0; x[14] = (x[14] + o) | 0; x[15] = (x[15] + p) | 0;
}

function mixBlock(from, to, x) {
  for (let i = 0; i < 16; i++) x[i] = from[WORDS - 16 + i];
  for (let block = 0; block < 2 * R; block++) {
    const at = block * 16;
    for (let i = 0; i < 16; i++) x[i] ^= from[at + i];
    salsa(x);
    const out = ((block >> 1) + (block & 1 ? R : 0)) * 16;
    for (let i = 0; i < 16; i++) to[out + i] = x[i];
  }
}

function mixed(content, cost) {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  let now = new Int32Array(WORDS), next = new Int32Array(WORDS);
  const x = new Int32Array(16), table = new Int32Array(cost * WORDS);
  for (let i = 0; i < WORDS; i++) now[i] = view.getInt32(i * 4, true);
  for (let step = 0; step < cost; step++) {
    table.set(now, step * WORDS);
    mixBlock(now, next, x);
    [now, next] = [next, now];
  }
  for (let step = 0; step < cost; step++) {
    const at = (now[WORDS - 16] & (cost - 1)) * WORDS;
    for (let i = 0; i < WORDS; i++) now[i] ^= table[at + i];
    mixBlock(now, next, x);
    [now, next] = [next, now];
  }
  for (let i = 0; i < WORDS; i++) view.setInt32(i * 4, now[i], true);
  return content;
}

async function stretched(key, salt, bytes) {
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: 1 };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, bytes * 8));
}

onmessage = async ({ data }) => {
  try {
    const key = await crypto.subtle.importKey("raw", data.passphrase, "PBKDF2", false, ["deriveBits"]);
    const content = mixed(await stretched(key, data.salt, WORDS * 4), data.cost);
    postMessage({ salted: await stretched(key, content, 32) });
  } catch (problem) {
    postMessage({ problem: String(problem && problem.message ? problem.message : problem) });
  }
};
