// Small progressive enhancements; every page works without this file.
const root = document.documentElement;
const YEAR = 365 * 24 * 3600;

document.addEventListener("submit", (event) => {
  const theme = event.submitter?.name === "theme" && event.submitter.value;
  if (theme) {
    event.preventDefault();
    root.dataset.theme = theme;
    document.cookie = `theme=${theme}; path=/; max-age=${YEAR}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  }
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) { event.preventDefault(); document.getElementById(opener.dataset.dialog)?.showModal(); }
  const dialog = event.target.closest("dialog");
  if (dialog && (event.target === dialog || event.target.closest("[data-close]"))) dialog.close();
  const copy = event.target.closest("[data-copy]");
  if (copy) navigator.clipboard?.writeText(document.getElementById(copy.dataset.copy).textContent.trim());
});

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input,textarea,select")) {
    const search = document.querySelector("[data-search]");
    if (search) { event.preventDefault(); search.focus(); }
  }
});

// A button that was pressed waits: it keeps its width, shows a spinner after 300 ms and cannot be pressed twice.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.submitter?.matches("[data-busy]")) return;
  setTimeout(() => { event.submitter.setAttribute("aria-busy", "true"); event.submitter.disabled = true; });
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-busy][aria-busy]")) { button.removeAttribute("aria-busy"); button.disabled = false; }
});

// Elements that only make sense with script are in the page, hidden.
for (const element of document.querySelectorAll("[data-script-only]")) element.hidden = false;
document.querySelector("[aria-invalid=true]")?.focus();
