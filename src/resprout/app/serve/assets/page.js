// The page's own hands: gathers the form, asks one question at a time, shows messages, keeps the link up to date.
(function () {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const all = (choice, root) => Array.from((root || document).querySelectorAll(choice));
  const controls = () => all("#controls [name], #trial-form [name], #drugs-form [name]");
  const WAIT_MS = { path: 30000, trial: 180000, drugs: 60000, figure: 180000 }; // after this long an answer is taken for lost
  const LARGEST_FILE = 64000;
  const asks = {};
  let serial = 0, taken = {}, ready = false, protocol = null;

  // ---- asking: one question a tab at a time, the latest wins
  function ask(name) {
    const channel = (asks[name] = asks[name] || { since: 0, waiting: false, moved: 0 });
    document.body.dataset[name + "Asked"] = "waiting";
    if (!ready) { channel.waiting = true; return; }
    if (channel.since && performance.now() - channel.since < WAIT_MS[name]) { channel.waiting = true; return; }
    channel.since = performance.now();
    channel.waiting = false;
    channel.asked = inputs(name);
    const request = { serial: ++serial, fields: gather() };
    document.body.dataset[name + "Asked"] = String(serial);
    if (name === "path" && window.resproutView.pinned()) request.pinned = window.resproutView.pinned();
    if (name === "trial" && protocol !== null) request.protocol = protocol;
    if (name !== "path") say((name === "figure" ? "Drawing…" : "Working…") + " The very first time this builds what later runs reuse, which can take a minute.");
    window.dash_clientside.set_props(name + "-request", { data: request });
  }
  function answered(name, done) {
    const channel = asks[name] || (asks[name] = {});
    document.body.dataset[name + "Ms"] = String(Math.round(performance.now() - (channel.since || 0)));
    document.body.dataset[name + "Serial"] = String(done && done.serial || 0);
    channel.since = 0;
    const faulty = Object.keys((done && done.faults) || {}).length > 0;
    if (done && !faulty && !done.message) channel.shown = channel.asked;
    window.resproutExport.keep(name, done);
    if (done && done.caveats) tellLimits(name === "figure" ? "figures" : name, done.caveats);
    markOld();
    showFaults(name, (done && done.faults) || {});
    say((done && (done.message || done.said)) || "");
    if (channel.waiting) ask(name);
  }
  setInterval(() => { for (const name in asks) if (asks[name].waiting) ask(name); }, 400);

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    page: {
      path: function (done) {
        if (done && done.panels) { taken = done; $("regimen-line").textContent = done.regimen; window.resproutDraw.show(done); window.resproutView.rested(); }
        answered("path", done);
      },
      trial: (done) => answered("trial", done),
      drugs: (done) => answered("drugs", done),
      figure: (done) => answered("figure", done),
    },
  });

  // ---- results older than their inputs
  function inputs(name) {
    const regimen = all("fieldset", $("controls"))[0], own = $("published").value === "own", parts = [];
    for (const control of controls()) {
      const ofRegimen = regimen.contains(control) && control.name !== "days";
      const wanted = name === "trial" ? control.form.id === "trial-form" || (own && ofRegimen)
        : name === "drugs" ? control.form.id === "drugs-form" || (control.form.id === "controls" && !ofRegimen) : false;
      if (wanted) parts.push(control.name + "=" + control.value);
    }
    return parts.join("&") + (name === "trial" && protocol !== null ? "&protocol" + protocol : "");
  }
  function markOld() {
    for (const name of ["trial", "drugs"]) {
      const channel = asks[name], old = Boolean(channel && channel.shown !== undefined && channel.shown !== inputs(name));
      $("stale-" + name).hidden = !old;
      document.body.classList.toggle("older-" + name, old);
    }
  }
  function tellLimits(name, sentences) {
    const list = $("caveats-" + name), said = sentences.join("\n");
    if (list.dataset.said === said) return;
    list.dataset.said = said;
    list.replaceChildren(...sentences.map((sentence) => Object.assign(document.createElement("li"), { textContent: sentence })));
  }
  async function openEvidence(code) {
    $("evidence-body").textContent = "Looking up " + code + "…";
    if (!$("evidence").open) $("evidence").showModal();
    try {
      const answer = await fetch("part/evidence/" + encodeURIComponent(code));
      const text = await answer.text();
      if (answer.ok) $("evidence-body").innerHTML = text; else $("evidence-body").textContent = text;
    } catch (error) { $("evidence-body").textContent = "This could not be fetched. Is the server still running?"; }
  }

  // ---- the form
  function gather() {
    const fields = {};
    for (const control of controls()) fields[control.name] = control.validity && control.validity.badInput ? "?" : control.value;
    return fields;
  }
  function query() {
    const parts = new URLSearchParams();
    for (const control of controls()) if (control.value !== control.dataset.default) parts.set(control.name, control.value);
    const tab = document.body.dataset.tab;
    if (tab !== "path") parts.set("tab", tab);
    window.resproutView.addTo(parts);
    return parts.toString();
  }
  let linkTimer = 0;
  function keepLink() {
    clearTimeout(linkTimer);
    linkTimer = setTimeout(() => {
      const said = query();
      history.replaceState(null, "", said ? "?" + said : location.pathname);
    }, 300);
  }
  function restore() {
    const unknown = [];
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (name === "tab" || window.resproutView.restore(name, value)) continue;
      const control = controls().find((each) => each.name === name);
      if (!control) { unknown.push(name.slice(0, 40)); continue; }
      const before = control.value;
      control.value = value.slice(0, 200);
      if (control.tagName === "SELECT" && control.selectedIndex < 0) { control.value = before; unknown.push(name); }
    }
    if (unknown.length) toast("The link holds something this page does not know: " + unknown.slice(0, 5).join(", "));
    const tab = new URLSearchParams(location.search).get("tab");
    if (tab && $("tab-" + tab)) document.body.dataset.tab = tab;
  }
  function off(field, is) {
    field.classList.toggle("off", is);
    for (const control of all("input, select", field)) control.disabled = is;
  }
  function reflect() {
    markOld();
    for (const said of all("output[for]")) said.textContent = $(said.getAttribute("for")).value;
    for (const field of all("#trial-form .field:not(.actions)")) off(field, $("published").value !== "own" && !["field-published", "field-replicates", "field-protocol"].includes(field.id));
    const saline = $("drug").value === "saline", second = $("drug2").value === "none";
    for (const name of ["amount", "route", "minutes", "times", "every"]) off($("field-" + name), saline);
    off($("field-minutes"), saline || !["iv", "inhaled"].includes($("route").value));
    off($("field-every"), saline || Number($("times").value) <= 1);
    for (const name of ["amount2", "unit2", "route2", "minutes2", "start2"]) off($("field-" + name), second);
    const slider = $("amount-slider"), perKg = $("unit").value === "mg/kg";
    slider.max = perKg ? 2 : $("unit").value === "%" ? 80 : 200;
    slider.step = perKg ? 0.01 : 1;
    slider.value = $("amount").value;
    for (const range of all('input[type="range"]')) {
      const share = (range.value - range.min) / (range.max - range.min || 1);
      range.style.setProperty("--share", (100 * share).toFixed(1) + "%");
      range.closest(".field").classList.toggle("moved", range.dataset.default !== undefined && range.value !== range.dataset.default);
    }
    for (const fold of all('[id^="fold-block-"]')) {
      const used = all('input[type="range"]', fold).filter((each) => Number(each.value) > 0).length;
      all("summary", fold)[0].dataset.used = used ? String(used) : "";
    }
  }
  function changed(event) {
    const control = event.target;
    if (control.id === "amount-slider") $("amount").value = control.value;
    if (control.id === "unit") {
      const weight = Number($("weight").value) || 70, now = Number($("amount").value) || 0;
      $("amount").value = control.value === "%" ? 50 : control.value === "mg" ? Math.max(1, Math.round(now * weight)) : +(now / weight).toFixed(2) || 0.01;
    }
    if (control.id === "sex") $("weight").value = control.value === "male" ? 82 : 70;
    reflect();
    keepLink();
    ask("path");
  }
  function showFaults(name, faults) {
    const form = name === "trial" ? "trial-form" : name === "drugs" ? "drugs-form" : "controls";
    const places = new Set(all(".fault", $(form)));
    if (name !== "path") for (const key in faults) if ($("fault-" + key)) places.add($("fault-" + key));
    for (const place of places) {
      const key = place.id.slice(6), said = faults[key] || "";
      if (place.textContent !== said) place.textContent = said;
      const control = $(key) || $(key + "-file");
      if (control) said ? control.setAttribute("aria-invalid", "true") : control.removeAttribute("aria-invalid");
      const fold = said && place.closest("details");
      if (fold) fold.open = true;
    }
    document.body.classList.toggle("stale-" + name, Object.keys(faults).length > 0);
  }

  // ---- tabs
  const opened = {};
  function open(name, focus) {
    document.body.dataset.tab = name;
    for (const tab of all('[role="tab"]')) {
      const here = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(here));
      tab.tabIndex = here ? 0 : -1;
      if (here && focus) tab.focus();
      if (here && tab.scrollIntoView) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    say("");
    if (!opened[name]) {
      opened[name] = true;
      if (name === "trial" || name === "drugs") ask(name);
      if (name === "figures") ask("figure");
      if (name === "model" || name === "scoreboard") fetchPart(name);
    }
    window.dispatchEvent(new Event("resize"));
    keepLink();
  }
  async function fetchPart(name) {
    try {
      const answer = await fetch("part/" + name);
      if (!answer.ok) throw new Error();
      $(name + "-body").innerHTML = await answer.text();
      if (answer.status === 202) setTimeout(() => fetchPart(name), 2000);
    } catch (error) {
      opened[name] = false;
      $(name + "-body").textContent = "This part could not be fetched. Is the server still running?";
    }
  }
  function tabKeys(event) {
    const tabs = all('[role="tab"]'), here = tabs.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const goal = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : step ? (here + step + tabs.length) % tabs.length : -1;
    if (here >= 0 && goal >= 0) { event.preventDefault(); open(tabs[goal].dataset.tab, true); }
  }
  function find(event) {
    const wanted = event.target.value.trim().toLowerCase();
    let found = 0;
    for (const stage of all("#model-body details.stage")) {
      let shown = 0;
      for (const row of all("[data-words]", stage)) {
        const hit = !wanted || row.dataset.words.includes(wanted);
        row.hidden = !hit;
        shown += hit;
      }
      stage.hidden = shown === 0;
      if (wanted) stage.open = shown > 0;
      found += shown;
    }
    $("model-none").textContent = found ? "" : `Nothing in the model holds “${event.target.value.trim()}”.`;
  }

  // ---- taking along
  async function copy(text, what, box) {
    show(text, box || "taken");
    try { await navigator.clipboard.writeText(text); toast(what + " copied."); } catch (error) { toast(what + " shown above; copy it by hand."); }
  }
  function show(text, box) { $(box).hidden = false; all("pre", $(box))[0].textContent = text; }
  function download(name, text, kind) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  function svg() { download("resprout-path.svg", window.resproutDraw.whole(), "image/svg+xml"); toast("SVG saved."); }
  // ---- small things
  let toastTimer = 0;
  function toast(words) {
    $("toast").textContent = words;
    $("toast").classList.add("shown");
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => $("toast").classList.remove("shown"), 5000);
  }
  function say(words) { $("status").textContent = words; }
  function tip(target) {
    const box = $("tip");
    if (!target) { box.hidden = true; return; }
    box.textContent = target.dataset.tip;
    box.hidden = false;
    const place = target.getBoundingClientRect(), own = box.getBoundingClientRect();
    const left = Math.max(8, Math.min(place.left, window.innerWidth - own.width - 8));
    const under = place.bottom + 8 + own.height < window.innerHeight;
    box.style.left = left + "px";
    box.style.top = (under ? place.bottom + 6 : Math.max(8, place.top - own.height - 6)) + "px";
  }
  function theme() {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", document.documentElement.dataset.theme); } catch (error) { /* private window */ }
  }
  async function readProtocol(event) {
    const file = event.target.files[0];
    protocol = null;
    $("fault-protocol").textContent = "";
    if (!file) return;
    if (file.size > LARGEST_FILE) {
      $("fault-protocol").textContent = "This file is larger than 64 kB.";
      event.target.value = "";
      return;
    }
    protocol = await file.text();
    ask("trial");
  }

  window.resproutPage = { gather: gather, ask: ask, keepLink: keepLink, copy: copy, download: download, toast: toast, defaults: () => Object.fromEntries(controls().map((each) => [each.name, each.dataset.default])) };
  function start() {
    try { const kept = localStorage.getItem("theme"); if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept; } catch (error) { /* private window */ }
    if (innerWidth < 900) $("fold-controls").open = false;
    restore();
    reflect();
    $("controls").addEventListener("input", changed);
    $("trial-form").addEventListener("input", (event) => { if (event.target.type !== "file") { protocol = null; $("protocol-file").value = ""; reflect(); keepLink(); } });
    $("drugs-form").addEventListener("input", () => { markOld(); keepLink(); });
    for (const name of ["trial", "drugs"]) $("rerun-" + name).addEventListener("click", () => ask(name));
    $("evidence-close").addEventListener("click", () => $("evidence").close());
    document.addEventListener("click", (event) => { const code = event.target.closest && event.target.closest("[data-code]"); if (code) openEvidence(code.dataset.code); });
    for (const name of ["controls", "trial-form", "drugs-form"]) $(name).addEventListener("submit", (event) => event.preventDefault());
    $("trial-form").addEventListener("submit", () => ask("trial"));
    $("drugs-form").addEventListener("submit", () => ask("drugs"));
    $("protocol-file").addEventListener("change", readProtocol);
    if ($("library")) $("library").addEventListener("change", (event) => {
      const empty = all("#drugs-form [name]").find((line) => !line.value.trim());
      if (event.target.value && !empty) toast("All lines are taken; empty one first.");
      if (event.target.value && empty) { empty.value = event.target.value; keepLink(); ask("drugs"); }
      event.target.value = "";
    });
    $("clear-blocks").addEventListener("click", () => {
      for (const range of all('[id^="fold-block-"] input')) range.value = range.dataset.default;
      reflect(); keepLink(); ask("path");
    });
    for (const tab of all('[role="tab"]')) tab.addEventListener("click", () => open(tab.dataset.tab));
    all(".tabs")[0].addEventListener("keydown", tabKeys);
    $("theme").addEventListener("click", theme);
    $("take-link").addEventListener("click", () => { const said = query(); copy(location.origin + location.pathname + (said ? "?" + said : ""), "Link"); });
    $("take-command").addEventListener("click", () => copy(taken.command || "", "Command line"));
    $("take-python").addEventListener("click", () => copy(taken.python || "", "Python"));
    $("take-csv").addEventListener("click", () => { const link = document.createElement("a"); link.href = "path.csv?" + query(); link.download = ""; link.click(); });
    $("take-protocol").addEventListener("click", () => { const link = document.createElement("a"); link.href = "trial.yaml?" + query(); link.download = ""; link.click(); });
    $("take-svg").addEventListener("click", svg);
    $("taken-close").addEventListener("click", () => { $("taken").hidden = true; });
    document.addEventListener("mouseover", (event) => tip(event.target.closest && event.target.closest("[data-tip]")));
    document.addEventListener("focusin", (event) => tip(event.target.closest && event.target.closest("[data-tip]")));
    document.addEventListener("focusout", () => tip(null));
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip(null); });
    document.addEventListener("input", (event) => { if (event.target.id === "model-search") find(event); });
    const waiting = setInterval(() => {
      if (!$("trial-score") || !window.dash_clientside.set_props) return;
      clearInterval(waiting);
      ready = true;
      say("Waking the model; the very first start takes a few seconds…");
      ask("path");
      open(document.body.dataset.tab);
    }, 30);
  }
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
