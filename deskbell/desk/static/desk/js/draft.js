// What is being written in <form data-draft="<address>"> is kept at the server too, a moment after the last key.
import { csrfToken, whenPresent } from "../../kit/js/page.js";

const PAUSE = 1500;

class Draft {
  constructor(form) {
    this.form = form;
    this.last = this.text();
    form.addEventListener("input", (event) => event.target.matches("[data-composer-text]") && this.later());
    form.addEventListener("change", (event) => event.target.name === "visibility" && this.text() && this.later());
    form.addEventListener("submit", () => this.stop());
    addEventListener("pagehide", () => this.timer && this.save());
  }

  text() {
    return this.form.querySelector("[data-composer-text]")?.value ?? "";
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  // sent: what is on its way must not come back as a draft
  stop() {
    clearTimeout(this.timer);
    this.timer = null;
    this.running?.abort();
  }

  async save() {
    this.stop();
    if (!this.form.isConnected) return;
    const body = new FormData();
    for (const name of ["once", "visibility"]) body.append(name, new FormData(this.form).get(name) ?? "");
    body.append("text", this.text());
    this.running = new AbortController();
    const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
    try {
      await fetch(this.form.dataset.draft, {
        method: "POST",
        body,
        headers,
        keepalive: this.text().length < 15_000,
        redirect: "error",
        signal: this.running.signal,
      });
    } catch {
      // the browser's own copy (kit/js/keep.js) is still there
    }
  }
}

whenPresent("form[data-draft]", (form) => new Draft(form));
