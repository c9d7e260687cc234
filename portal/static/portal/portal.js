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
    // The list's own field comes before the one of the whole company; where neither is seen, its page has one.
    const fields = [...document.querySelectorAll("main [data-search]"), ...document.querySelectorAll("[data-search]")];
    const search = fields.find((field) => field.checkVisibility()), page = document.querySelector("[data-search-page]");
    if (search || page) event.preventDefault();
    if (search) search.focus(); else page?.click();
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

// Elements that only make sense with script are in the page, and hidden by the style sheet until now.
root.classList.add("js");

// Durations that still grow count on between two answers of the server, in its words. Only differences of the browser's clock are used.
const counting = new WeakMap();
function duration(seconds) {
  const units = { s: seconds % 60, min: Math.floor(seconds / 60) % 60, h: Math.floor(seconds / 3600) % 24, d: Math.floor(seconds / 86400) };
  const pattern = document.body.dataset.durations.split("|")[[60, 3600, 86400].filter((unit) => seconds >= unit).length];
  return pattern.replace(/%\((\w+)\)(0?)(\d?)d/g, (all, unit, zero, width) => String(units[unit]).padStart(Number(width), zero || " "));
}
setInterval(() => {
  for (const element of document.querySelectorAll("[data-elapsed]")) {
    const told = Number(element.dataset.elapsed);
    if (counting.get(element)?.told !== told) counting.set(element, { told, from: Date.now() - told * 1000 });
    element.textContent = duration(Math.floor((Date.now() - counting.get(element).from) / 1000));
  }
}, 1000);

// Live parts: an answer that does not come is said, with the time of the last one; the part itself goes on asking.
let heard = new Date();
function told(live, lost) {
  const { lang } = root, { zone } = document.body.dataset;
  live.dataset.told ??= live.textContent;
  const time = heard.toLocaleTimeString(lang, { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  live.classList.toggle("live--lost", lost);
  live.textContent = lost ? live.dataset.lost.replace("{time}", time) : live.dataset.told;
}
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const aborted = ctx.request.signal.aborted && ctx.request.signal.reason !== "timeout";
  const lost = !aborted && !(ctx.response?.status < 400);
  if (!aborted && !lost) heard = new Date();
  if (!aborted) for (const live of ctx.sourceElement.querySelectorAll(".live")) told(live, lost);
});
// Only who was signed out is led elsewhere: the page goes there, not a part of it.
document.addEventListener("htmx:before:response", (event) => {
  if (event.detail.ctx.response.raw.redirected) { event.preventDefault(); location.reload(); }
});

// Lines of a text area as chips: each can be taken away, a field adds one. The area stays what the form sends.
const MOST_CHIPS = 200;
for (const area of document.querySelectorAll("textarea[data-chips]")) {
  const lines = () => area.value.split("\n").map((line) => line.trim()).filter(Boolean);
  if (lines().length > MOST_CHIPS) continue;
  const chips = document.createElement("div"), field = document.createElement("input");
  chips.className = "chips";
  Object.assign(field, { className: "input", placeholder: area.dataset.add, id: area.id, autocomplete: "off" });
  if (area.dataset.chips) field.setAttribute("list", area.dataset.chips);
  for (const name of ["aria-describedby", "aria-invalid"]) if (area.hasAttribute(name)) field.setAttribute(name, area.getAttribute(name));
  area.id += "-lines";
  area.hidden = true;
  area.removeAttribute("aria-invalid");
  area.after(chips);
  const write = (next) => {
    area.value = [...new Set(next)].join("\n");
    draw();
    area.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const add = () => {
    const typed = field.value.split(/[\n,;]/).map((line) => line.trim()).filter(Boolean);
    field.value = "";
    if (typed.length) write([...lines(), ...typed]);
  };
  const draw = () => {
    chips.replaceChildren(...lines().map((line) => {
      const chip = document.createElement("span"), button = document.createElement("button");
      chip.className = "chip";
      Object.assign(button, { type: "button", textContent: "\u00d7", ariaLabel: area.dataset.remove.replace("{name}", line) });
      button.addEventListener("click", () => { write(lines().filter((other) => other !== line)); field.focus(); });
      chip.append(line, button);
      return chip;
    }), field);
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === ",") { event.preventDefault(); add(); field.focus(); }
    if (event.key === "Backspace" && !field.value) { write(lines().slice(0, -1)); field.focus(); }
  });
  field.addEventListener("change", add);
  area.form.addEventListener("formdata", (event) => { if (field.value.trim()) event.formData.set(area.name, [...lines(), field.value].join("\n")); });
  draw();
}

// What was done can be taken back for eight seconds, longer while somebody is about to.
for (const toast of document.querySelectorAll("[data-toast]")) {
  const go = () => (toast.matches(":hover, :focus-within") ? setTimeout(go, 1000) : toast.remove());
  setTimeout(go, 8000);
}

// Rows that are selected: a bar says how many. They stay so when the server draws them anew.
const picked = new Set();
const boxes = () => document.querySelectorAll("input[form=selected]");
function pick() {
  picked.clear();
  for (const box of boxes()) if (box.checked) picked.add(box.value);
  const bar = document.querySelector("[data-bulk]"), all = document.querySelector("[data-all]"), told = bar?.querySelector("[data-many]");
  if (!bar) return;
  bar.classList.toggle("bulk--some", picked.size > 0);
  if (picked.size) told.textContent = picked.size === 1 ? told.dataset.one : told.dataset.many.replace("{n}", picked.size);
  if (all) { all.checked = picked.size > 0 && picked.size === boxes().length; all.indeterminate = picked.size > 0 && !all.checked; }
}
document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-all]")) for (const box of boxes()) box.checked = target.checked;
  if (target.matches("[data-all], input[form=selected]")) pick();
});
document.addEventListener("reset", ({ target }) => {
  if (target.matches("[data-bulk] form")) setTimeout(() => { pick(); document.querySelector("[data-all]")?.focus(); });
});
document.addEventListener("htmx:after:swap", () => {
  for (const box of boxes()) box.checked = picked.has(box.value);
  pick();
});
addEventListener("pageshow", pick);

document.querySelector("[aria-invalid=true]")?.focus();
