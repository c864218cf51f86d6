// Draws the six panels: one small SVG a stage, redrawn whole in a millisecond, with one time cursor through all of them.
(function () {
  "use strict";
  const DASH = { solid: "", dash: "7 4", dot: "2 3", dashdot: "8 3 2 3", longdashdot: "13 3 2 3" };
  const HEIGHT = 212, LEFT = 40, RIGHT = 8, TOP = 10, BOTTOM = 36, GAP = 28, EARLY_H = 6;
  const LIGHT = { ink: "#59626e", line: "#e1e5ea", reference_lines: "#7D8590" };
  const THEMED = { ink: "var(--soft)", line: "var(--line)", reference_lines: "#7D8590" };
  let shown = null, cursor = null;

  function numbers(text) {
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let place = 0; place < raw.length; place++) bytes[place] = raw.charCodeAt(place);
    return new Float32Array(bytes.buffer);
  }
  function escape(text) { return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;"); }
  function ticks(low, high, most) {
    const rough = (high - low) / most, size = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = size * [1, 2, 5, 10].find((each) => each * size >= rough);
    const found = [];
    for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + 1e-9 * step; value += step) found.push(Math.abs(value) < step * 1e-6 ? 0 : value);
    return found;
  }
  function sayTime(hour) {
    const minutes = Math.round(hour * 60);
    if (minutes < 60 || (minutes < 300 && minutes % 60)) return minutes + " min";
    return hour < 48 ? +hour.toPrecision(3) + " h" : +(hour / 24).toPrecision(3) + " d";
  }
  function sayValue(value) {
    const size = Math.abs(value);
    return size < 0.0005 ? "0" : size >= 100 ? value.toFixed(0) : String(+value.toPrecision(3));
  }

  // ---- one panel
  function frame(width, end) {
    const room = width - LEFT - RIGHT - GAP, early = Math.min(EARLY_H, end);
    return {
      early: early, end: end, bottom: HEIGHT - BOTTOM,
      hour: (hour) => LEFT + (hour / early) * room * 0.47,
      day: (hour) => LEFT + room * 0.47 + GAP + (hour / end) * room * 0.53,
    };
  }
  function axes(panel, width, place, look) {
    const low = panel.range[0], high = panel.range[1], parts = [];
    const y = (value) => place.bottom - ((value - low) / (high - low)) * (place.bottom - TOP);
    const halves = [[place.hour(0), place.hour(place.early)], [place.day(0), place.day(place.end)]];
    for (const value of ticks(low, high, 4)) {
      for (const half of halves) parts.push('<line x1="' + half[0] + '" x2="' + half[1] + '" y1="' + y(value) + '" y2="' + y(value) + '" stroke="' + look.line + '"/>');
      parts.push(text(LEFT - 7, y(value) + 4, +value.toPrecision(6), "end", look));
    }
    const label = (x, words) => parts.push('<line x1="' + x + '" x2="' + x + '" y1="' + place.bottom + '" y2="' + (place.bottom + 4) + '" stroke="' + look.line + '"/>', text(x, place.bottom + 17, words, "middle", look));
    for (const hour of ticks(0, place.early, width < 420 ? 3 : 4)) label(place.hour(hour), hour);
    const days = place.end / 24, week = [1, 2, 7, 14, 28].find((step) => days / step <= (width < 420 ? 3.5 : 5)) || 28;
    for (let day = 0; day <= days; day += week) label(place.day(24 * day), day);
    for (const half of halves) parts.push('<line x1="' + half[0] + '" x2="' + half[1] + '" y1="' + place.bottom + '" y2="' + place.bottom + '" stroke="' + look.line + '"/>');
    parts.push(text((halves[0][0] + halves[0][1]) / 2, HEIGHT - 4, "hours", "middle", look), text((halves[1][0] + halves[1][1]) / 2, HEIGHT - 4, "days", "middle", look));
    return [parts.join(""), y];
  }
  function text(x, y, words, anchor, look) {
    return '<text x="' + x + '" y="' + y + '" text-anchor="' + anchor + '" font-size="11.5" fill="' + look.ink + '">' + escape(words) + "</text>";
  }
  function curve(hours, values, x, y, last) {
    let way = "";
    for (let place = 0; place < hours.length; place++) {
      if (hours[place] > last + 1e-6) {
        if (place > 0 && hours[place - 1] < last) { // up to the edge, not beyond
          const share = (last - hours[place - 1]) / (hours[place] - hours[place - 1]);
          way += "L" + x(last).toFixed(1) + " " + y(values[place - 1] + share * (values[place] - values[place - 1])).toFixed(1);
        }
        break;
      }
      way += (place ? "L" : "M") + x(hours[place]).toFixed(1) + " " + y(values[place]).toFixed(1);
    }
    return way;
  }
  function lines(list, hours, colour, place, y, thin) {
    return list.map((line, order) => {
      const both = curve(hours, line.values, place.hour, y, place.early) + curve(hours, line.values, place.day, y, place.end);
      const dash = DASH[line.dash] ? ' stroke-dasharray="' + DASH[line.dash] + '"' : "";
      return '<path d="' + both + '" fill="none" stroke="' + colour + '" stroke-width="' + (thin ? 1.4 : order ? 2 : 2.4) + '" stroke-linejoin="round"' + (thin ? ' opacity=".8"' : "") + dash + "/>";
    }).join("");
  }
  function drawing(panel, width, look) {
    const place = frame(width, shown.hours[shown.hours.length - 1]), [grid, y] = axes(panel, width, place, look);
    return grid + lines(panel.reference_lines, shown.referenceHours, look.reference_lines, place, y, true) + lines(panel.lines, shown.hours, panel.colour, place, y, false);
  }

  // ---- all panels
  function show(done) {
    shown = { hours: numbers(done.hours), referenceHours: numbers(done.referenceHours || ""), panels: done.panels, sentences: done.sentences };
    for (const panel of shown.panels) for (const line of panel.lines.concat(panel.reference_lines)) line.values = numbers(line.y);
    draw();
    document.dispatchEvent(new CustomEvent("path-drawn"));
  }
  function draw() {
    if (!shown) return;
    for (const panel of shown.panels) {
      const card = document.getElementById("card-" + panel.stage), chart = card.querySelector(".chart"), width = chart.clientWidth;
      if (!width) continue;
      chart.innerHTML = '<svg width="' + width + '" height="' + HEIGHT + '" aria-hidden="true">' + drawing(panel, width, THEMED) + '<g class="cursor"></g></svg>';
      card.querySelector(".axis").textContent = panel.axis;
      card.querySelector(".sentence").textContent = shown.sentences[panel.stage];
      card.querySelector(".legend").innerHTML = panel.lines.map((line) => '<li><span class="stroke ' + line.dash + '" style="color:' + panel.colour + '"></span><span>' + escape(line.label) + "</span><small></small></li>").join("");
    }
    point();
  }
  function point() {
    const here = cursor === null ? null : Math.min(cursor, shown.hours.length - 1);
    for (const panel of shown.panels) {
      const card = document.getElementById("card-" + panel.stage), svg = card.querySelector("svg");
      if (!svg) continue;
      const sizes = card.querySelectorAll(".legend small");
      panel.lines.forEach((line, order) => {
        sizes[order].textContent = here === null ? line.size : sayValue(line.values[here] * line.factor + line.offset) + " " + line.unit;
      });
      let mark = "";
      if (here !== null) {
        const place = frame(svg.clientWidth, shown.hours[shown.hours.length - 1]), hour = shown.hours[here];
        const xs = hour <= place.early ? [place.hour(hour), place.day(hour)] : [place.day(hour)];
        mark = xs.map((x) => '<line x1="' + x + '" x2="' + x + '" y1="' + TOP + '" y2="' + place.bottom + '" stroke="var(--soft)" stroke-dasharray="2 2"/>').join("") +
          '<text x="' + xs[0] + '" y="' + (TOP - 1) + '" font-size="11" text-anchor="middle" fill="var(--ink)">' + sayTime(hour) + "</text>";
      }
      svg.querySelector(".cursor").innerHTML = mark;
    }
  }
  function nearest(hour) {
    let best = 0;
    shown.hours.forEach((each, place) => { if (Math.abs(each - hour) < Math.abs(shown.hours[best] - hour)) best = place; });
    return best;
  }
  function over(event) {
    if (!shown) return;
    const box = event.currentTarget.getBoundingClientRect(), x = event.clientX - box.left;
    const place = frame(box.width, shown.hours[shown.hours.length - 1]);
    const early = place.hour(place.early), first = place.day(0);
    const hour = x <= (early + first) / 2 ? ((x - LEFT) / (early - LEFT)) * place.early : ((x - first) / (place.day(place.end) - first)) * place.end;
    cursor = nearest(Math.max(0, hour));
    point();
  }
  function keys(event) {
    if (!shown) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) { cursor = Math.max(0, Math.min(shown.hours.length - 1, (cursor === null ? -1 : cursor) + step)); event.preventDefault(); }
    else if (event.key === "Escape") cursor = null;
    else return;
    point();
  }
  function leave() { cursor = null; if (shown) point(); }

  // ---- to take along: everything in one file with its own colours
  function whole() {
    const width = 560, parts = [];
    let y = 14;
    for (const panel of shown.panels) {
      const card = document.getElementById("card-" + panel.stage);
      parts.push('<text x="14" y="' + (y + 12) + '" font-size="14" font-weight="bold" fill="' + panel.colour + '">' + escape(card.querySelector("h2").textContent) + '<tspan font-weight="normal" font-size="12" fill="' + LIGHT.ink + '" dx="10">' + escape(panel.axis) + "</tspan></text>");
      parts.push('<g transform="translate(0,' + (y + 20) + ')">' + drawing(panel, width, LIGHT) + "</g>");
      y += HEIGHT + 38;
      panel.lines.forEach((line, order) => {
        const x = 14 + (order % 2) * 280, at = y + 15 * Math.floor(order / 2);
        parts.push('<path d="M' + x + " " + (at - 4) + 'h26" stroke="' + panel.colour + '" stroke-width="2" stroke-dasharray="' + DASH[line.dash] + '"/>' + text(x + 32, at, line.label + "  " + line.size, "start", LIGHT));
      });
      y += 15 * Math.ceil(panel.lines.length / 2) + 16;
    }
    return '<svg xmlns="http://www.w3.org/2000/svg" width="' + width + '" height="' + y + '" font-family="system-ui, sans-serif"><rect width="100%" height="100%" fill="#fff"/>' + parts.join("") + "</svg>";
  }

  function start() {
    for (const chart of document.querySelectorAll(".chart")) {
      chart.addEventListener("pointermove", over);
      chart.addEventListener("pointerleave", leave);
      chart.addEventListener("keydown", keys);
      chart.addEventListener("blur", leave);
    }
    let waiting = 0;
    window.addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(draw); });
  }
  window.resproutDraw = { show: show, whole: whole };
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
