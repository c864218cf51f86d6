// What a tab other than Path gives to take along: its code, its tables as CSV, its pictures as SVG.
(function () {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const CODE = {
    figures: "resprout figure 1 --replicates 100\nresprout figure 2 --replicates 100\nresprout figure 3\nresprout figure 4 --replicates 100",
    model: "resprout describe --json",
    scoreboard: "resprout validate --json",
  };
  const sent = {}; // by tab: code and table of the answer that is shown

  function cell(text) { const said = String(text).replace(/\s+/g, " ").trim(); return /[",]/.test(said) ? '"' + said.replace(/"/g, '""') + '"' : said; }
  function tables(root) {
    const lines = [];
    for (const table of root.querySelectorAll("table")) {
      for (const row of table.rows) lines.push(Array.from(row.cells, (each) => cell(each.textContent)).join(","));
      lines.push("");
    }
    return lines.join("\r\n");
  }
  function pictures(root) { return Array.from(root.querySelectorAll(".js-plotly-plot")).filter((each) => each.data && each.data.length); }
  function points(root) { // every drawn value, a row each
    const lines = ["picture,trace,x,y"];
    pictures(root).forEach((graph, place) => graph.calcdata.forEach((trace) => {
      const name = trace[0] && trace[0].trace.name || "";
      for (const point of trace) if (point.x !== undefined) lines.push([place + 1, cell(name), cell(point.x), cell(point.y)].join(","));
    }));
    return lines.join("\r\n");
  }
  function take(tab, kind) {
    const root = $("panel-" + tab), say = window.resproutPage;
    if (kind === "code") { say.copy((sent[tab] && sent[tab].command) || CODE[tab] || "", "Code", "taken-" + tab); return; }
    if (kind === "svg") {
      const drawn = pictures(root);
      drawn.forEach((graph, place) => window.Plotly.downloadImage(graph, { format: "svg", width: Math.max(graph.clientWidth, 600), height: graph.clientHeight, filename: "resprout-" + tab + "-" + (place + 1) }));
      say.toast(drawn.length ? drawn.length + " SVG saved." : "There is no picture yet.");
      return;
    }
    const text = (sent[tab] && sent[tab].csv) || (tab === "figures" ? points(root) : tables(root));
    if (!text.trim()) { say.toast("There is no table yet."); return; }
    say.download("resprout-" + tab + ".csv", text, "text/csv");
    say.toast("CSV saved.");
  }
  window.resproutExport = { keep: (tab, done) => { if (done && done.command) sent[tab] = { command: done.command, csv: done.csv }; } };
  function start() {
    for (const button of document.querySelectorAll("[data-take]")) button.addEventListener("click", () => take(button.dataset.tabOf, button.dataset.take));
    for (const button of document.querySelectorAll(".taken-close")) button.addEventListener("click", () => { button.parentElement.hidden = true; });
  }
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
