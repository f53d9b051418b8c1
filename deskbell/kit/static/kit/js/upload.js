// One file on its way: its row in the list, its progress, and trying again until it has arrived. Its key lets the
// server take it once, also when the answer was lost.
import { dropFile, keepFile } from "./filebox.js";
import { csrfToken, word } from "./page.js";
import { shrunk } from "./shrink.js";

const CLOSE = '<svg class="icon" width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><path d="M18 6 6 18M6 6l12 12"/></svg>';
const FIRST_WAIT = 2000;
const LONGEST_WAIT = 30_000;
// no byte for so long: the line is dead, whatever the browser thinks
const SILENCE = 30_000;

const language = document.documentElement.lang || "en";

// the same steps as the template filter `filesize`
const readable = (size) => {
  const units = ["B", "kB", "MB", "GB"];
  let step = 0;
  while (size >= 999.5 && step < units.length - 1) {
    size /= 1000;
    step += 1;
  }
  const digits = step && size < 9.95 ? 1 : 0;
  const format = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${format.format(size)}\u00a0${units[step]}`;
};

// not randomUUID: that one needs https
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const make = (tag, attributes = {}, text = "") => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.textContent = text;
  return element;
};

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

// States: preparing → waiting ⇄ running → done, or failed (only a person can help), or removed.
export class Upload {
  constructor(zone, file, kept = null) {
    this.zone = zone;
    this.file = kept?.blob ?? file;
    this.name = kept?.name ?? file.name;
    this.key = kept?.key ?? newKey();
    this.at = kept?.at ?? Date.now();
    this.shrunk = kept?.shrunk ?? false;
    this.id = kept?.id;
    this.wait = FIRST_WAIT;
    this.state = "preparing";
    this.row = this.draw();
    zone.list.append(this.row);
  }

  draw() {
    const row = make("div", { className: "attachment" });
    row.dataset.upload = this.key;
    this.size = make("span", { className: "attachment-size" }, readable(this.file.size));
    this.progress = make("progress", { max: 1, value: 0, ariaLabel: this.name });
    this.retry = make("button", { type: "button", className: "button-link", hidden: true }, word("retry"));
    this.retry.addEventListener("click", () => this.again());
    const remove = make("button", { type: "button", className: "button button-icon button-quiet button-small" });
    remove.innerHTML = CLOSE;
    remove.ariaLabel = remove.title = word("remove", { name: this.name });
    remove.addEventListener("click", () => this.remove());
    if (this.zone.edge && this.file.type.startsWith("image/")) row.append(this.thumbnail());
    row.append(make("span", { className: "attachment-name" }, this.name), this.size, this.retry, remove, this.progress);
    return row;
  }

  thumbnail() {
    const image = make("img", { className: "attachment-thumb", alt: "" });
    image.src = URL.createObjectURL(this.file);
    for (const name of ["load", "error"]) image.addEventListener(name, () => URL.revokeObjectURL(image.src));
    return image;
  }

  // Kept, made small, and ready to go. The photo is kept as it is first: shrinking takes a moment.
  async prepare() {
    await this.keep();
    if (this.zone.edge && !this.shrunk) {
      const small = await shrunk(this.file, this.zone.edge);
      if (this.state === "removed") return;
      if (small !== this.file) this.name = `${this.name.replace(/\.\w+$/, "")}.jpg`;
      this.file = small;
      this.shrunk = true;
      this.size.textContent = readable(small.size);
      await this.keep();
    }
    if (this.state === "removed") return;
    if (this.id !== undefined) this.arrived(this.id);
    else if (this.file.size > this.zone.limit) this.fail(word("tooBig", { limit: this.zone.limitText }), false);
    else this.state = "waiting";
    this.zone.changed();
  }

  keep() {
    if (!this.zone.keeps || this.state === "removed") return null;
    const { key, at, name, file: blob, shrunk: small, id } = this;
    return keepFile({ key, at, name, blob, shrunk: small, id, ...this.zone.owner });
  }

  start() {
    this.clearError();
    clearTimeout(this.later);
    this.state = "running";
    const body = new FormData();
    body.append("key", this.key);
    body.append("file", this.file, this.name);
    const request = (this.request = new XMLHttpRequest());
    request.open("POST", this.zone.url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      this.listen();
      if (event.lengthComputable) this.progress.value = event.loaded / event.total;
    });
    request.addEventListener("load", () => this.answered(request));
    request.addEventListener("error", () => this.broke());
    request.send(body);
    this.listen();
  }

  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      this.request.abort();
      this.broke();
    }, SILENCE);
  }

  answered(request) {
    clearTimeout(this.silence);
    if (this.state !== "running") return;
    const answer = parsed(request.responseText);
    if (request.status >= 200 && request.status < 300 && answer?.id !== undefined) {
      this.id = answer.id;
      this.keep();
      this.arrived(answer.id);
    } else if (request.status === 413) {
      this.fail(word("tooBig", { limit: this.zone.limitText }), false);
    } else if (request.status === 401) {
      this.fail(word("signedOut"), true);
    } else if ([502, 503, 504].includes(request.status)) {
      this.broke();
      return;
    } else {
      this.fail(answer?.detail ?? answer?.error ?? word("uploadRefused"), request.status >= 500 || request.status === 403);
    }
    this.zone.changed();
  }

  arrived(id) {
    this.state = "done";
    this.progress.remove();
    this.row.classList.add("is-sent");
    this.row.append(make("input", { type: "hidden", name: "uploads", value: id }));
    // drawn by the server as well, after a refused try
    for (const other of this.zone.list.querySelectorAll(`.attachment:not([data-upload]) input[name="uploads"][value="${id}"]`)) {
      other.closest(".attachment").remove();
    }
  }

  // The line broke: it is tried again by itself, at the latest when the line is back.
  broke() {
    clearTimeout(this.silence);
    if (this.state !== "running") return;
    this.say(word("uploadFailed"), true);
    this.state = "waiting";
    this.later = setTimeout(() => this.again(), this.wait);
    this.pausing = true;
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    this.zone.changed();
  }

  again() {
    if (this.state !== "waiting" && this.state !== "failed") return;
    clearTimeout(this.later);
    this.pausing = false;
    this.state = "waiting";
    this.zone.changed();
  }

  fail(reason, retry) {
    this.state = "failed";
    this.say(reason, retry);
  }

  say(reason, retry) {
    this.clearError();
    this.row.classList.add("has-error");
    this.progress.hidden = true;
    this.retry.hidden = !retry;
    this.error = make("p", { className: "field-error" }, reason);
    this.row.append(this.error);
  }

  clearError() {
    this.error?.remove();
    this.row.classList.remove("has-error");
    this.retry.hidden = true;
    this.progress.hidden = false;
    this.progress.value = 0;
  }

  remove() {
    this.state = "removed";
    clearTimeout(this.later);
    clearTimeout(this.silence);
    this.request?.abort();
    this.row.remove();
    this.zone.uploads.delete(this);
    if (this.zone.keeps) dropFile(this.key);
    this.zone.changed();
  }
}
