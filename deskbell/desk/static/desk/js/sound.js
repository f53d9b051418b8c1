// A short sound when a customer writes; off unless one wants it, for this person in this browser.
import { store, whenPresent } from "../../kit/js/page.js";

const KEY = `sound.${document.querySelector('meta[name="reader"]')?.content ?? ""}`;
const NOTES = [
  { at: 0, hertz: 660 },
  { at: 0.13, hertz: 880 },
];
const LENGTH = 0.35;
const LOUD = 0.12;
const ONE_TAB = 1500;

let context = null;

const play = async () => {
  context ??= new AudioContext();
  // a browser lets a page sound only after somebody has used it
  if (context.state !== "running") await Promise.race([context.resume(), new Promise((go) => setTimeout(go, 500))]);
  if (context.state !== "running") return;
  for (const { at, hertz } of NOTES) {
    const start = context.currentTime + at;
    const tone = new OscillatorNode(context, { frequency: hertz, type: "sine" });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.linearRampToValueAtTime(LOUD, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + LENGTH);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + LENGTH);
  }
  document.dispatchEvent(new CustomEvent("deskbell:sounded"));
};

// every tab hears of it; the first to take the lock sounds
const playOnce = (event) => {
  if (!navigator.locks) return play();
  navigator.locks.request(`deskbell-sound-${event}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    await play();
    await new Promise((done) => setTimeout(done, ONE_TAB));
  });
};

document.addEventListener("deskbell:live", ({ detail }) => {
  if (detail.incoming && store.get(KEY)) playOnce(detail.event);
});

whenPresent("[data-sound]", (box) => {
  box.checked = Boolean(store.get(KEY));
  box.addEventListener("change", () => (box.checked ? store.set(KEY, true) : store.remove(KEY)));
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-sound-try]")) play();
});
