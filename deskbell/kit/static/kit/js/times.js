// Keeps relative times fresh, with the same steps as kit/time.py. Dates (beyond four weeks) stay as written.
import { word } from "./page.js";

const UNITS = [
  ["minute", 60, 3600],
  ["hour", 3600, 86400],
  ["day", 86400, 7 * 86400],
  ["week", 7 * 86400, 28 * 86400],
];
const format = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { style: "short" });

const relative = (at) => {
  const seconds = Math.trunc((at - Date.now()) / 1000);
  const distance = Math.abs(seconds);
  if (distance < 60) return word("justNow");
  const step = UNITS.find(([, , limit]) => distance < limit);
  return step ? format.format(Math.sign(seconds) * Math.floor(distance / step[1]), step[0]) : null;
};

const refresh = () => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const text = relative(Date.parse(element.dateTime));
    if (text && element.textContent !== text) element.textContent = text;
  }
};

setInterval(refresh, 30_000);
document.addEventListener("visibilitychange", refresh);
