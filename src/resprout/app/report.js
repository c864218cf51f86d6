const search = document.querySelector("#search");
const grades = [...document.querySelectorAll("[data-grade]")];
const rows = [...document.querySelectorAll("tr[data-words]")];
function sieve() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const allowed = new Set(grades.filter((box) => box.checked).map((box) => box.dataset.grade));
  let shown = 0;
  for (const row of rows) {
    const fits = words.every((word) => row.dataset.words.includes(word)) && (!row.dataset.grading || allowed.has(row.dataset.grading));
    row.hidden = !fits;
    shown += fits;
  }
  for (const stage of document.querySelectorAll("details.stage")) if (words.length) stage.open = stage.querySelector("tr[data-words]:not([hidden])") !== null;
  document.querySelector("#shown").textContent = `${shown} of ${rows.length} shown`;
}
if (search) {
  search.addEventListener("input", sieve);
  for (const box of grades) box.addEventListener("change", sieve);
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).innerText);
    button.textContent = "Copied";
  });
}
// The width of a sheet's text in CSS pixels; the tall picture is then shrunk by report.css so that it fits one sheet.
const SHEET = 660, SHRUNK = 0.62;
addEventListener("beforeprint", () => {
  for (const plot of document.querySelectorAll(".js-plotly-plot")) Plotly.relayout(plot, { width: plot.closest(".tall") ? SHEET / SHRUNK : SHEET });
});
addEventListener("afterprint", () => {
  for (const plot of document.querySelectorAll(".js-plotly-plot")) Plotly.relayout(plot, { width: null, autosize: true });
});
