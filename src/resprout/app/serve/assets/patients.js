// The tab of a reader's own table: the file stays in this page's memory and goes along with each question; nothing is kept.
(function () {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const LARGEST = { patients: 400000, mapping: 16000 };
  const WAIT_MS = 120000; // after this long an answer is taken for lost
  const held = { patients: null, mapping: "", example: false };
  let serial = 0, since = 0, next = null;

  function ask(what) {
    if (held.patients === null && !held.example) return;
    if (since && performance.now() - since < WAIT_MS) { next = what; return; }
    since = performance.now();
    next = null;
    const request = { serial: ++serial, ask: what, person: $("person").value, plan: $("plan").value };
    if (held.example) request.example = true; else { request.table = held.patients; request.mapping = held.mapping; }
    $("status").textContent = what === "check" ? "Reading…" : "Learning about this person… The very first time this takes a minute.";
    window.dash_clientside.set_props("patients-request", { data: request });
  }
  function answered(done) {
    since = 0;
    const faults = (done && done.faults) || {};
    for (const name of ["patients", "mapping", "person", "plan"]) $("fault-" + name).textContent = faults[name] || "";
    if (done && done.people) {
      $("person").replaceChildren(...done.people.map((name) => new Option(name, name)));
      $("person").disabled = $("patients-show").disabled = done.people.length === 0;
    }
    $("status").textContent = (done && (done.message || done.said)) || "";
    document.body.dataset.patientsSerial = String((done && done.serial) || 0);
    if (next) ask(next);
  }
  async function read(event, name) {
    const file = event.target.files[0];
    $("fault-" + name).textContent = "";
    if (name === "patients") { held.patients = null; held.example = false; } else held.mapping = "";
    if (file && file.size > LARGEST[name]) {
      $("fault-" + name).textContent = "This file is larger than " + LARGEST[name] / 1000 + " kB. Use `resprout data check FILE`.";
      event.target.value = "";
    } else if (file) {
      try { held[name] = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()); } catch (error) {
        $("fault-" + name).textContent = "This file is no UTF-8 text. Save it as CSV UTF-8.";
      }
    }
    ask("check");
  }
  function start() {
    $("patients-file").addEventListener("change", (event) => read(event, "patients"));
    $("mapping-file").addEventListener("change", (event) => read(event, "mapping"));
    $("patients-example").addEventListener("click", () => { held.example = true; $("patients-file").value = ""; ask("check"); });
    $("patients-form").addEventListener("submit", (event) => { event.preventDefault(); ask("person"); });
    for (const kind of ["dragover", "drop"]) $("patients-form").addEventListener(kind, (event) => {
      event.preventDefault();
      if (kind === "drop" && event.dataTransfer.files.length) read({ target: { files: event.dataTransfer.files } }, "patients");
    });
  }
  window.dash_clientside.page.patients = answered;
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
