// The terminal of the page, and its line to the dashboard: Textual's own messages, opened again where it breaks.

const RETRY_MS = [200, 500, 1000, 2000, 4000];
const PIECE = 8192;
const PING_MS = 15000, SILENT_MS = 40000;
const KEYS = { escape: "\x1b", tab: "\t", up: "\x1b[A", down: "\x1b[B", left: "\x1b[D", right: "\x1b[C", enter: "\r" };
const ENDED = 4000, TAKEN = 4001, REFUSED = 4003;

export class Desk {
  constructor(element, task, heard) {
    this.element = element;
    this.task = task;
    this.heard = heard;
    this.name = "";
    this.tries = 0;
    this.socket = null;
    this.isOver = false;
    this.terminal = new Terminal({
      allowProposedApi: true,
      scrollback: 0,
      fontSize: this.fontSize(),
      fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
      linkHandler: { activate: () => {} },
      theme: { background: "#14181d" },
      customGlyphs: true,
    });
    this.fit = new FitAddon.FitAddon();
    this.terminal.loadAddon(this.fit);
    this.terminal.loadAddon(new Unicode11Addon.Unicode11Addon());
    this.terminal.unicode.activeVersion = "11";
    this.terminal.loadAddon(new CanvasAddon.CanvasAddon());
    this.terminal.open(element);
    this.hear();
  }

  fontSize() {
    // 44 cells wide at least on a phone: a cell is about 0.6 of the size.
    return Math.max(9, Math.min(15, Math.floor(window.innerWidth / 44 / 0.61)));
  }

  hear() {
    const terminal = this.terminal;
    terminal.onData((text) => this.type(text));
    terminal.onBinary((text) => this.type(text));
    terminal.onTitleChange((title) => { document.title = title || "onloop"; });
    terminal.parser.registerOscHandler(52, (text) => this.copy(text));
    terminal.onResize(({ cols, rows }) => this.send("resize", { width: cols, height: rows }));
    terminal.textarea.addEventListener("focus", () => this.send("focus"));
    terminal.textarea.addEventListener("blur", () => this.send("blur"));
    this.element.addEventListener("touchstart", (event) => { this.touchedAt = event.touches[0].clientY; }, { passive: true });
    this.element.addEventListener("touchmove", (event) => this.scroll(event), { passive: false });
    new ResizeObserver(() => this.refit()).observe(this.element);
    setInterval(() => this.ping(), PING_MS);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.ping(); });
    window.addEventListener("online", () => this.reopen());
  }

  // A finger that moves turns the wheel, a row at a time: there is nothing else to scroll here.
  scroll(event) {
    const box = this.element.querySelector(".xterm-screen").getBoundingClientRect();
    const { cols, rows } = this.terminal, { clientX, clientY } = event.touches[0];
    const height = box.height / rows;
    event.preventDefault();
    const at = (from, size, most) => Math.min(most, Math.max(1, Math.ceil(from / size)));
    const where = `${at(clientX - box.x, box.width / cols, cols)};${at(clientY - box.y, height, rows)}`;
    for (; Math.abs(clientY - this.touchedAt) >= height; this.touchedAt += height * Math.sign(clientY - this.touchedAt)) {
      this.type(`\x1b[<${clientY > this.touchedAt ? 64 : 65};${where}M`);
    }
  }

  refit() {
    const size = this.fontSize();
    if (this.terminal.options.fontSize !== size) this.terminal.options.fontSize = size;
    this.fit.fit();
  }

  // What the dashboard copies goes to the clipboard; nothing is ever read from there for it.
  copy(text) {
    const content = text.slice(text.indexOf(";") + 1);
    if (content === "?" || !navigator.clipboard) return true;
    try {
      const plain = new TextDecoder().decode(Uint8Array.from(atob(content), (each) => each.charCodeAt(0)));
      navigator.clipboard.writeText(plain).catch(() => this.heard("the browser does not let the page copy"));
    } catch { /* it is no base64 */ }
    return true;
  }

  press(key) {
    this.type(KEYS[key] || key);
    this.terminal.focus();
  }

  type(text) {
    if (this.isOver) { this.again(); return; }
    for (let at = 0; at < text.length; at += PIECE) this.send("stdin", text.slice(at, at + PIECE));
  }

  send(...words) {
    if (this.socket && this.socket.readyState === WebSocket.OPEN && this.isBegun) this.socket.send(JSON.stringify(words));
  }

  ping() {
    if (!this.socket || this.socket.readyState !== WebSocket.OPEN) return;
    if (Date.now() - this.answeredAt > SILENT_MS) { this.socket.close(); this.lost({ code: 1006 }, this.socket); return; }
    this.send("ping", String(Date.now()));
  }

  open() {
    this.refit();
    const where = new URL("/web/line", location.href);
    where.protocol = where.protocol.replace("http", "ws");
    const socket = this.socket = new WebSocket(where);
    socket.binaryType = "arraybuffer";
    this.isBegun = false;
    this.answeredAt = Date.now();
    socket.onopen = () => {
      const { cols, rows } = this.terminal;
      socket.send(JSON.stringify(["begin", { width: cols, height: rows, line: this.name, task: this.task }]));
      this.isBegun = true;
    };
    socket.onmessage = ({ data }) => { if (socket === this.socket) this.take(data); };
    socket.onclose = (event) => this.lost(event, socket);
  }

  take(data) {
    this.answeredAt = Date.now();
    if (typeof data !== "string") { this.terminal.write(new Uint8Array(data)); return; }
    const [word, what] = JSON.parse(data);
    if (word === "line") {
      this.tries = 0;
      this.name = what.name;
      this.terminal.write("\x18");  // whatever was cut off within a sequence ends here
      if (what.is_new) this.terminal.reset();
      this.isOver = false;
      this.element.classList.remove("cut");
      this.heard("", what.person);
      if (document.activeElement !== this.terminal.textarea) this.terminal.focus();
      this.send(document.hasFocus() ? "focus" : "blur");
    } else if (word === "ended") {
      this.over(what ? `the dashboard has ended (${what}): press a key to open it again` : "left: press a key to open it again");
      if (what === "signed out") this.heard(null);
    } else if (word === "refused") {
      this.over(`${what}. Press a key to try again`);
    }
  }

  over(words) {
    this.isOver = true;
    this.name = "";
    this.heard(words);
  }

  again() {
    if (this.socket && this.socket.readyState <= WebSocket.OPEN) return;
    this.heard("opening …");
    this.open();
  }

  reopen() {
    if (!this.isOver && (!this.socket || this.socket.readyState > WebSocket.OPEN)) this.open();
  }

  lost({ code }, socket) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.element.classList.add("cut");  // what is still seen grows old, whatever it says of its age
    if (code === TAKEN) this.over("another page shows this dashboard now: press a key to open one here");
    if (this.isOver || code === ENDED || code === REFUSED) {
      this.isOver = true;
      return;
    }
    const wait = RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)];
    if (this.tries > 1) this.heard("the line to the gateway is cut: trying again …");
    setTimeout(() => this.check(), wait);
  }

  // A line that is not opened says nothing of why: whether somebody is still signed in is asked otherwise.
  async check() {
    if (this.socket || this.isOver) return;
    try {
      const answer = await fetch("/web/session", { credentials: "same-origin", cache: "no-store" });
      if (answer.status === 401) { this.heard(null); return; }
      this.open();
    } catch {
      this.lost({ code: 1006 }, null);
    }
  }
}
