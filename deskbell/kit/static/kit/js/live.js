// One stream of notices per browser. The tab that holds the lock listens and tells the others; a browser without
// locks (plain http) has a stream per tab. A notice carries ids only: parts of the page fetch themselves anew.
//
// data-live-refresh="1042" (a ticket), "ticket." (a kind or its beginning) or "*": htmx gets the event `live`,
// a moment after the last notice or, with data-live-pause="15000", so many milliseconds after the first.
// data-live-when: "visible" (the default) waits while the tab is hidden, "hidden" asks only then, "always" both.
const meta = document.querySelector('meta[name="live"]');
const QUIET = 300;
const HIDDEN_QUIET = 1500;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;

// who looks at a ticket is news for its page alone (desk/js/present.js)
const matches = (wanted, notice) =>
  notice.kind !== "presence" &&
  wanted.split(",").some((part) => {
    const want = part.trim();
    return notice.kind === "resync" || want === "*" || want === String(notice.ticket) || (notice.kind ?? "").startsWith(want);
  });

const waiting = new Map();

// What happens while an answer is on its way is in the next one: that is asked for when it is here, by what then
// stands in the element's place.
const refresh = (element) => {
  waiting.delete(element);
  const now = element.isConnected ? element : document.getElementById(element.id);
  if (!now) return;
  if (now.classList.contains("htmx-request")) waiting.set(now, setTimeout(() => refresh(now), QUIET));
  else window.htmx?.trigger(now, "live");
};

const told = (notice) => {
  document.dispatchEvent(new CustomEvent("deskbell:live", { detail: notice }));
  for (const element of document.querySelectorAll("[data-live-refresh]")) {
    if (!matches(element.dataset.liveRefresh, notice)) continue;
    const { liveWhen = "visible", livePause = 0 } = element.dataset;
    if (liveWhen === "hidden" && !document.hidden) continue;
    // a hidden tab asks once, when somebody looks at it again; for what it shows even then, at leisure
    const quiet = document.hidden ? HIDDEN_QUIET : QUIET;
    const later = document.hidden && liveWhen === "visible";
    if ((document.hidden || livePause) && waiting.get(element)) continue;
    clearTimeout(waiting.get(element));
    const wait = (Number(livePause) || quiet) + Math.random() * quiet;
    waiting.set(element, later ? null : setTimeout(() => refresh(element), wait));
  }
};

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) [...waiting].filter(([, timer]) => timer === null).forEach(([element]) => refresh(element));
});

class Stream {
  constructor(token, tell) {
    this.token = token;
    this.tell = tell;
    this.wait = FIRST_WAIT;
    this.connect();
  }

  connect() {
    this.source = new EventSource(`/live?t=${encodeURIComponent(this.token)}`);
    this.source.addEventListener("open", () => {
      this.wait = FIRST_WAIT;
      if (this.lost) this.tell({ kind: "resync" });
      this.lost = false;
    });
    this.source.addEventListener("message", (event) => this.tell(JSON.parse(event.data)));
    this.source.addEventListener("error", () => this.again());
  }

  // not left to EventSource: it would come back with a token that is too old
  again() {
    this.source.close();
    if (this.closed) return;
    this.lost = true;
    setTimeout(() => this.renew(), this.wait * (0.5 + Math.random()));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  async renew() {
    try {
      const answer = await fetch("/live/token", { headers: { Accept: "application/json" }, redirect: "error" });
      if ([401, 403, 404].includes(answer.status)) return;
      if (!answer.ok) throw new Error(String(answer.status));
      this.token = (await answer.json()).token;
      if (!this.closed) this.connect();
    } catch {
      this.again();
    }
  }

  close() {
    this.closed = true;
    this.source.close();
  }
}

const start = () => {
  const channel = new BroadcastChannel("deskbell-live");
  channel.addEventListener("message", (event) => told(event.data));
  const tell = (notice) => {
    told(notice);
    channel.postMessage(notice);
  };
  // ends with the page, also when the browser keeps it in memory: it must neither listen nor hold the lock then
  const left = new Promise((leave) => addEventListener("pagehide", leave, { once: true }));
  const listen = async () => {
    const stream = new Stream(meta.content, tell);
    await left;
    stream.close();
  };
  left.then(() => channel.close());
  if (navigator.locks) navigator.locks.request("deskbell-live", listen);
  else listen();
};

if (meta) {
  start();
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    start();
    told({ kind: "resync" });
  });
}
