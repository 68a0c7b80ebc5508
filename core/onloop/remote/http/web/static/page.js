// The page: who is signed in, the form for whoever is not, the terminal, and a row of keys for hands without a keyboard.

import { Refused, signIn, signOut } from "./passphrase.js";
import { Desk } from "./terminal.js";

const part = (id) => document.getElementById(id);
const begun = location.pathname.match(/^\/web\/t\/([^/]+)$/);
let desk = null;

function say(words, person) {
  if (words === null) { showEntry(); return; }
  part("notice").textContent = words;
  part("notice").hidden = !words;
  if (person) part("person").textContent = person;
}

function showEntry() {
  part("desk").hidden = true;
  part("notice").hidden = true;
  part("entry").hidden = false;
  part("name").focus();
}

function showDesk() {
  part("entry").hidden = true;
  part("desk").hidden = false;
  if (desk) { desk.isOver = false; desk.open(); return; }
  let task = "";
  try { task = begun ? decodeURIComponent(begun[1]) : ""; } catch { /* it names no task */ }
  desk = new Desk(part("terminal"), task, say);
  window.onloopDesk = desk;  // tests read there what a canvas shows
  desk.open();
}

part("entry").addEventListener("submit", async (event) => {
  event.preventDefault();
  const passphrase = part("passphrase").value;
  part("problem").textContent = "";
  part("enter").disabled = true;
  part("enter").textContent = "proving …";
  try {
    await signIn(part("name").value, passphrase);
    part("passphrase").value = "";
    showDesk();
  } catch (problem) {
    part("problem").textContent = problem instanceof Refused ? problem.message : "the gateway does not answer: try again";
    part("passphrase").select();
  } finally {
    part("enter").disabled = false;
    part("enter").textContent = "Sign in";
  }
});

part("leave").addEventListener("click", async () => {
  try { await signOut(); } catch { /* it has ended by itself */ }
  location.assign("/web");
});

for (const button of document.querySelectorAll("#keys button[data-key]")) {
  button.addEventListener("pointerdown", (event) => event.preventDefault());  // the keyboard stays as it is
  button.addEventListener("click", () => desk && desk.press(button.dataset.key));
}
part("keyboard").addEventListener("click", () => desk && desk.terminal.focus());

async function begin() {
  if (!window.isSecureContext || !crypto.subtle) {
    showEntry();
    part("problem").textContent = "this page needs https, or an address of this machine";
    part("enter").disabled = true;
    return;
  }
  const answer = await fetch("/web/session", { credentials: "same-origin", cache: "no-store" }).catch(() => null);
  if (answer && answer.ok) showDesk(); else showEntry();
}

begin();
