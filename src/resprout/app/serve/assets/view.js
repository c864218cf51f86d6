// How the curves are looked at: pinned curves, logarithmic axes and bands, each kept in the link.
(function () {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const REST_MS = 350, WAIT_MS = 30000; // bands are asked for once nothing moves; after this long an answer is taken for lost
  let pinned = null, logarithmic = false, bands = true, timer = 0, serial = 0, since = 0, asked = "";

  // ---- in the link
  function addTo(parts) {
    if (logarithmic) parts.set("log", "1");
    if (!bands) parts.set("bands", "0");
    if (pinned) parts.set("pin", new URLSearchParams(pinned).toString());
  }
  function restore(name, value) {
    if (name === "log") logarithmic = value === "1";
    else if (name === "bands") bands = value !== "0";
    else if (name === "pin") pinned = Object.fromEntries([...new URLSearchParams(value.slice(0, 2000))].map(([key, said]) => [key, said.slice(0, 200)]));
    else return false;
    return true;
  }

  // ---- buttons
  function pressed(id, is) { $(id).setAttribute("aria-pressed", String(is)); }
  function reflect() {
    pressed("log", logarithmic);
    pressed("bands", bands);
    pressed("pin", Boolean(pinned));
    $("pin").textContent = pinned ? "Unpin" : "Pin these curves";
    window.resproutDraw.set({ logarithmic: logarithmic, bands: bands });
  }
  function pin() {
    const now = window.resproutPage.gather(), usual = window.resproutPage.defaults();
    pinned = pinned ? null : Object.fromEntries(Object.entries(now).filter(([name, value]) => value !== usual[name] && !/^line\d|^(published|further)$/.test(name)));
    changed();
    window.resproutPage.ask("path");
  }
  function changed() {
    reflect();
    window.resproutPage.keepLink();
    if (bands) rested();
  }

  // ---- bands
  function rested() {
    clearTimeout(timer);
    if (bands) timer = setTimeout(askBands, REST_MS);
  }
  function askBands() {
    if (since && performance.now() - since < WAIT_MS) { rested(); return; }
    since = performance.now();
    const fields = window.resproutPage.gather();
    asked = JSON.stringify(fields);
    window.dash_clientside.set_props("bands-request", { data: { serial: ++serial, fields: fields } });
  }
  function answered(done) {
    since = 0;
    if (!done || !done.bands || asked !== JSON.stringify(window.resproutPage.gather())) return;
    window.resproutDraw.addBands(done.bands);
    document.body.dataset.bandsSerial = String(done.serial);
  }
  window.dash_clientside.page.bands = answered;
  window.resproutView = { pinned: () => pinned, addTo: addTo, restore: restore, rested: rested };

  function start() {
    $("pin").addEventListener("click", pin);
    $("log").addEventListener("click", () => { logarithmic = !logarithmic; changed(); });
    $("bands").addEventListener("click", () => { bands = !bands; changed(); });
    setTimeout(reflect, 0); // after the link has been read
  }
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
