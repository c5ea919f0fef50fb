// Runs before the first paint, so that no page flashes in the wrong theme. The app keeps the choice in src/lib/theme.ts.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem("partnerhub.theme");
  } catch {
    // Storage may be switched off: the system's theme it is.
  }
  var dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
