// What is being written in <form data-draft="<address>"> is kept at the server too, a moment after the last key.
// The hidden field `draft` names the state that this window has seen; when another window has kept other words
// since, nothing is overwritten until one chooses.
import { csrfToken, whenPresent } from "../../kit/js/page.js";

const PAUSE = 1500;

const drafts = new Set();

class Draft {
  constructor(form) {
    this.form = form;
    drafts.add(this);
    form.addEventListener("input", (event) => event.target.matches("[data-composer-text]") && this.later());
    form.addEventListener("change", (event) => event.target.name === "visibility" && this.text && this.later());
    form.addEventListener("submit", () => this.stop());
    form.addEventListener("click", (event) => {
      if (event.target.closest("[data-draft-take]")) this.choose(this.theirs.text);
      else if (event.target.closest("[data-draft-keep]")) this.choose(null);
    });
    addEventListener("pagehide", () => this.timer && this.save());
  }

  get field() {
    return this.form.querySelector("[data-composer-text]");
  }

  get text() {
    return this.field?.value ?? "";
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
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.form.isConnected) return drafts.delete(this);
    if (this.theirs) return;
    // one after the other: the stamp of the first is what the second has seen
    while (this.saving) await this.saving;
    if (!this.form.isConnected) return;
    this.saving = this.send();
    await this.saving;
    this.saving = null;
  }

  async send() {
    const body = new FormData();
    const given = new FormData(this.form);
    for (const name of ["once", "visibility", "draft"]) body.append(name, given.get(name) ?? "");
    body.append("text", this.text);
    this.running = new AbortController();
    const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
    try {
      const answer = await fetch(this.form.dataset.draft, {
        method: "POST",
        body,
        headers,
        keepalive: this.text.length < 15_000,
        redirect: "error",
        signal: this.running.signal,
      });
      if (answer.ok) this.seen((await answer.json()).draft);
      else if (answer.status === 409) this.ask(await answer.json());
    } catch {
      // the browser's own copy (kit/js/keep.js) is still there
    }
  }

  seen(stamp) {
    this.form.elements.namedItem("draft").value = stamp;
    this.form.dispatchEvent(new CustomEvent("deskbell:drafted"));
  }

  ask(theirs) {
    this.theirs = theirs;
    const notice = this.form.querySelector("[data-draft-moved]");
    notice.querySelector("[data-draft-theirs]").textContent = theirs.text;
    notice.hidden = false;
  }

  choose(text) {
    const { draft } = this.theirs;
    this.theirs = null;
    this.form.querySelector("[data-draft-moved]").hidden = true;
    this.seen(draft);
    if (text !== null) this.field.value = text;
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.field.focus();
  }
}

whenPresent("form[data-draft]", (form) => new Draft(form));

// signing out by hand clears what this browser keeps: the last words reach the server before it
document.addEventListener("submit", async (event) => {
  if (!event.target.matches("[data-sign-out]")) return;
  const unsaved = [...drafts].filter((draft) => draft.form.isConnected && draft.timer);
  if (!unsaved.length) return;
  event.preventDefault();
  await Promise.race([Promise.all(unsaved.map((draft) => draft.save())), new Promise((go) => setTimeout(go, 4000))]);
  event.target.submit();
});
