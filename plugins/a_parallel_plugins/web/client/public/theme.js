// Runs before the first paint, so that a dark page never flashes white.
(() => {
  let wanted = "system";
  try {
    wanted = localStorage.getItem("a-parallel.theme") || "system";
  } catch {
    // Storage may be forbidden; the system's choice will do.
  }
  const dark = wanted === "dark" || (wanted === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
})();
