// Uploads each file at once, by drag, paste and button; the form waits for the last one. Its hidden `uploads`
// fields carry the ids. Without script the plain file field is sent with the form.
import { csrfToken, whenPresent, word } from "./page.js";
import { toast } from "./toast.js";

const CLOSE = '<svg class="icon" width="16" height="16" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true"><path d="M18 6 6 18M6 6l12 12"/></svg>';

// the same steps as the template filter `filesize`
const readable = (size) => {
  const units = ["B", "kB", "MB", "GB"];
  let step = 0;
  while (size >= 999.5 && step < units.length - 1) {
    size /= 1000;
    step += 1;
  }
  return `${size.toFixed(step && size < 9.95 ? 1 : 0)}\u00a0${units[step]}`;
};

const make = (tag, attributes = {}, text = "") => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.textContent = text;
  return element;
};

class Upload {
  constructor(zone, file) {
    this.zone = zone;
    this.file = file;
    this.state = "waiting";
    this.row = this.draw();
    zone.list.append(this.row);
  }

  draw() {
    const row = make("div", { className: "attachment" });
    this.progress = make("progress", { max: 1, value: 0, ariaLabel: this.file.name });
    this.retry = make("button", { type: "button", className: "button-link", hidden: true }, word("retry"));
    this.retry.addEventListener("click", () => this.start());
    const remove = make("button", { type: "button", className: "button button-icon button-quiet button-small" });
    remove.innerHTML = CLOSE;
    remove.ariaLabel = remove.title = word("remove", { name: this.file.name });
    remove.addEventListener("click", () => this.remove());
    row.append(
      make("span", { className: "attachment-name" }, this.file.name),
      make("span", { className: "attachment-size" }, readable(this.file.size)),
      this.retry,
      remove,
      this.progress,
    );
    return row;
  }

  start() {
    this.clearError();
    if (this.file.size > this.zone.limit) {
      this.fail(word("tooBig", { limit: this.zone.limitText }), false);
      return;
    }
    this.state = "running";
    const body = new FormData();
    body.append("file", this.file, this.file.name);
    const request = (this.request = new XMLHttpRequest());
    request.open("POST", this.zone.url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) this.progress.value = event.loaded / event.total;
    });
    request.addEventListener("load", () => this.answered(request));
    request.addEventListener("error", () => this.fail(word("uploadFailed"), true));
    request.addEventListener("timeout", () => this.fail(word("uploadFailed"), true));
    request.send(body);
  }

  answered(request) {
    const answer = parsed(request.responseText);
    if (request.status >= 200 && request.status < 300 && answer?.id !== undefined) {
      this.state = "done";
      this.progress.remove();
      this.row.append(make("input", { type: "hidden", name: "uploads", value: answer.id }));
      this.zone.changed();
    } else if (request.status === 413) {
      this.fail(word("tooBig", { limit: this.zone.limitText }), false);
    } else if (request.status === 401) {
      this.fail(word("signedOut"), true);
    } else {
      this.fail(answer?.detail ?? answer?.error ?? word("uploadRefused"), request.status >= 500 || request.status === 403);
    }
  }

  fail(reason, again) {
    this.state = "failed";
    this.row.classList.add("has-error");
    this.progress.hidden = true;
    this.retry.hidden = !again;
    this.error = make("p", { className: "field-error" }, reason);
    this.row.append(this.error);
    this.zone.changed();
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
    this.request?.abort();
    this.row.remove();
    this.zone.uploads.delete(this);
    this.zone.changed();
  }
}

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

class Zone {
  constructor(element) {
    this.element = element;
    this.list = element.querySelector("[data-dropzone-files]");
    this.input = element.querySelector("[data-dropzone-input]");
    this.url = element.dataset.uploadUrl;
    this.limit = Number(element.dataset.limit) || Infinity;
    this.limitText = element.dataset.limitText;
    this.uploads = new Set();
    this.form = element.closest("form");
    this.bind();
  }

  bind() {
    this.input.removeAttribute("name");
    this.input.addEventListener("change", () => {
      this.add([...this.input.files]);
      this.input.value = "";
    });
    this.element.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      this.add(files);
    });
    for (const name of ["dragenter", "dragover"]) {
      this.element.addEventListener(name, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        this.element.classList.add("is-dropping");
      });
    }
    this.element.addEventListener("dragleave", (event) => {
      if (!this.element.contains(event.relatedTarget)) this.element.classList.remove("is-dropping");
    });
    this.element.addEventListener("drop", (event) => {
      this.element.classList.remove("is-dropping");
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.add([...event.dataTransfer.files]);
    });
    this.list.addEventListener("click", (event) => {
      // rows that the server drew after a refused try
      event.target.closest("[data-dropzone-remove]")?.closest(".attachment").remove();
    });
    // in the capture phase, before once.js and htmx take the form
    this.form?.addEventListener("submit", (event) => this.holdBack(event), true);
  }

  add(files) {
    for (const file of files) {
      const upload = new Upload(this, file);
      this.uploads.add(upload);
      upload.start();
    }
  }

  is(state) {
    return [...this.uploads].some((upload) => upload.state === state);
  }

  holdBack(event) {
    if (this.is("failed")) toast(word("uploadsBroken"), "error");
    else if (this.is("running")) {
      this.waiting = event.submitter ?? this.form;
      toast(word("uploadsRunning"));
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  changed() {
    if (!this.waiting || this.is("running")) return;
    const submitter = this.waiting === this.form ? undefined : this.waiting;
    this.waiting = null;
    if (this.is("failed")) toast(word("uploadsBroken"), "error");
    else this.form.requestSubmit(submitter);
  }
}

whenPresent("[data-dropzone]", (element) => new Zone(element));

// a file dropped beside its target must not replace the page
for (const name of ["dragover", "drop"]) {
  addEventListener(name, (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
}
