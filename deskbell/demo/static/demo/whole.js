// A mail is shown whole: its frame is as high as what stands in it.
const fit = (frame) => {
  const shown = frame.contentDocument?.documentElement;
  if (shown) frame.style.blockSize = `${Math.ceil(shown.getBoundingClientRect().height) + 2}px`;
};

document.addEventListener("load", ({ target }) => target.matches?.("iframe[data-whole]") && fit(target), true);
document.querySelectorAll("iframe[data-whole]").forEach(fit);
