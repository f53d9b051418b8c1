// Uploads files by drag, paste and button while one writes; the form waits for the last one. Its hidden `uploads`
// fields carry the ids. Without script the plain file fields are sent with the form.
//
// data-upload-shrink="2000" makes photos small before they go; data-upload-keep keeps files in the browser until
// the form (with data-keep) has arrived. [data-dropzone-status] says how many are there: data-some, data-all.
import { filesOf } from "./filebox.js";
import { reader } from "./keep.js";
import { whenPresent, word } from "./page.js";
import { toast } from "./toast.js";
import { Upload } from "./upload.js";

// at a time: over a slow line one whole file is worth more than many halves
const LANES = 2;

class Zone {
  constructor(element) {
    this.element = element;
    this.list = element.querySelector("[data-dropzone-files]");
    this.inputs = element.querySelectorAll("[data-dropzone-input]");
    this.status = element.querySelector("[data-dropzone-status]");
    this.url = element.dataset.uploadUrl;
    this.limit = Number(element.dataset.limit) || Infinity;
    this.limitText = element.dataset.limitText;
    this.edge = Number(element.dataset.uploadShrink) || 0;
    this.uploads = new Set();
    this.form = element.closest("form");
    this.keeps = "uploadKeep" in element.dataset && Boolean(this.form?.dataset.keep);
    this.owner = { form: this.form?.dataset.keep, reader };
    this.bind();
    if (this.keeps) this.restore();
  }

  bind() {
    for (const input of this.inputs) {
      input.removeAttribute("name");
      input.addEventListener("change", () => {
        this.add([...input.files]);
        input.value = "";
      });
    }
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
    addEventListener("online", () => this.uploads.forEach((upload) => upload.pausing && upload.again()));
  }

  async restore() {
    for (const kept of await filesOf(this.owner.form, reader)) await this.take(new Upload(this, null, kept));
  }

  // one after the other: a phone has no room for ten large photos at once
  async add(files) {
    const uploads = files.map((file) => new Upload(this, file));
    for (const upload of uploads) this.uploads.add(upload);
    this.changed();
    for (const upload of uploads) await this.take(upload);
  }

  async take(upload) {
    this.uploads.add(upload);
    await upload.prepare();
  }

  is(...states) {
    return [...this.uploads].filter((upload) => states.includes(upload.state)).length;
  }

  holdBack(event) {
    if (this.is("failed")) toast(word("uploadsBroken"), "error");
    else if (this.is("preparing", "waiting", "running")) {
      this.waiting = event.submitter ?? this.form;
      toast(word("uploadsRunning"));
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  changed() {
    if (!this.element.isConnected) return; // replaced: the new list goes on with the kept files
    for (const upload of this.uploads) {
      if (this.is("running") >= LANES) break;
      if (upload.state === "waiting" && !upload.pausing) upload.start();
    }
    this.tell();
    if (!this.waiting || this.is("preparing", "waiting", "running")) return;
    const submitter = this.waiting === this.form ? undefined : this.waiting;
    this.waiting = null;
    if (this.is("failed")) return toast(word("uploadsBroken"), "error");
    submitter?.focus({ preventScroll: true }); // htmx sends the value of the button that has the focus
    this.form.requestSubmit(submitter);
  }

  tell() {
    if (!this.status) return;
    const all = this.uploads.size;
    const done = this.is("done");
    this.status.hidden = !all;
    const shape = (done === all ? this.status.dataset.all : this.status.dataset.some) ?? "";
    const text = shape.replace("{done}", done).replace("{all}", all);
    if (this.status.textContent !== text) this.status.textContent = text;
  }
}

whenPresent("[data-dropzone]", (element) => new Zone(element));

// a file dropped beside its target must not replace the page
for (const name of ["dragover", "drop"]) {
  addEventListener(name, (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
}
