// Who else has this ticket open. The page says that its reader is here while he looks at it, and at once when he
// begins or ends to write or leaves; a notice says when somebody else did.
import { csrfToken, whenPresent } from "../../kit/js/page.js";

const EVERY = 20_000;
// without a key for so long nobody writes any more
const PAUSE = 30_000;

class Present {
  constructor(place) {
    this.place = place;
    this.number = Number(place.dataset.number);
    this.writing = false;
    this.shown = "";
    document.addEventListener("input", (event) => event.target.matches("[data-composer-text]") && this.typed(event.target));
    document.addEventListener("htmx:afterSettle", () => this.writing && !this.text && this.pause());
    document.addEventListener("deskbell:live", ({ detail }) => this.heard(detail));
    document.addEventListener("visibilitychange", () => !document.hidden && this.say("here"));
    addEventListener("pagehide", () => this.say("left"));
    addEventListener("pageshow", (event) => event.persisted && this.say("here"));
    this.beat = setInterval(() => !document.hidden && this.say(this.writing ? "writing" : "here"), EVERY);
    if (!document.hidden) this.say("here");
  }

  get text() {
    return document.querySelector("#composer [data-composer-text]")?.value.trim() ?? "";
  }

  typed(field) {
    if (!field.value.trim()) return this.pause();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pause(), PAUSE);
    if (!this.writing) this.say("writing");
    this.writing = true;
  }

  pause() {
    clearTimeout(this.timer);
    if (this.writing) this.say("stopped");
    this.writing = false;
  }

  heard(notice) {
    if (!document.hidden && (notice.kind === "resync" || notice.present === this.number)) this.ask();
  }

  say(state) {
    const headers = { "X-CSRFToken": csrfToken(), "HX-Request": "true" };
    return this.ask({ method: "POST", body: new URLSearchParams({ state }), headers, keepalive: true });
  }

  // signed out, or the ticket is out of reach now
  end() {
    clearInterval(this.beat);
    this.ended = true;
  }

  // what was asked last is shown
  async ask(options = { headers: { "HX-Request": "true" } }) {
    if (this.ended) return;
    const asked = (this.asked = Symbol("asked"));
    let shown = "";
    try {
      const answer = await fetch(this.place.dataset.present, { ...options, redirect: "error" });
      if (answer.ok) shown = (await answer.text()).trim();
      else if (answer.status < 500) this.end();
    } catch {
      // the line is away
    }
    if (asked !== this.asked || shown === this.shown) return;
    this.place.innerHTML = this.shown = shown;
  }
}

whenPresent("[data-present]", (place) => new Present(place));
