// Runs before the page is painted, so that a chosen theme never flashes. Everything else waits in app.js.
(() => {
  try {
    const theme = localStorage.getItem("deskbell.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // a browser that keeps nothing: the system's theme stays
  }
})();
