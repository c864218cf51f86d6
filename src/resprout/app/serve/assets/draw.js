// Draws the six panels: one small SVG a stage, redrawn whole in a millisecond, with one time cursor through all of them.
(function () {
  "use strict";
  const DASH = { solid: "", dash: "7 4", dot: "2 3", dashdot: "8 3 2 3", longdashdot: "13 3 2 3" };
  const HEIGHT = 212, LEFT = 40, RIGHT = 8, TOP = 10, BOTTOM = 36, GAP = 28, EARLY_H = 6;
  const LIGHT = { ink: "#59626e", line: "#e1e5ea", reference_lines: "#7D8590" };
  const THEMED = { ink: "var(--soft)", line: "var(--line)", reference_lines: "#7D8590" };
  let shown = null, cursor = null, logarithmic = false, showBands = true;

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

  function decades(low, high) {
    const found = [], steps = Math.log10(high / low) < 1.5 ? [1, 2, 5] : [1];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
      for (const step of steps) if (step * Math.pow(10, power) >= low * 0.999 && step * Math.pow(10, power) <= high * 1.001) found.push(+(step * Math.pow(10, power)).toPrecision(3));
    return found;
  }

  // ---- one panel: the first hours, and what follows; after a single dose the later part is logarithmic in time
  function frame(width, end) {
    const room = width - LEFT - RIGHT - GAP, early = Math.min(EARLY_H, end), one = shown.last < early;
    const first = LEFT + room * 0.47 + GAP, wide = room * 0.53;
    return {
      early: early, end: end, bottom: HEIGHT - BOTTOM, from: one ? early : 0, one: one, first: first,
      hour: (hour) => LEFT + (hour / early) * room * 0.47,
      day: (hour) => first + wide * (one ? Math.log(Math.max(hour, early) / early) / Math.log(end / early) : hour / end),
      hourAt: (x) => one ? early * Math.exp(((x - first) / wide) * Math.log(end / early)) : ((x - first) / wide) * end,
    };
  }
  function bounds(panel) {
    const bands = shown.bands && shown.bands[panel.stage], range = shown.room && shown.room[panel.stage];
    let low = panel.range[0], high = panel.range[1];
    if (range && showBands) { low = Math.min(low, range[0]); high = Math.max(high, range[1]); }
    if (!logarithmic || panel.logarithmic === null) return { low: low, high: high, log: false };
    const every = panel.lines.concat(panel.reference_lines).map((line) => line.values).concat(bands && showBands ? bands.map((band) => band.lower) : []);
    let least = high;
    for (const values of every) for (const value of values) if (value > 0 && value < least) least = value;
    low = panel.logarithmic || Math.max(least * 0.9, high / 1e4);
    return { low: Math.min(low, high / 10), high: high, log: true };
  }
  function axes(panel, width, place, look) {
    const { low, high, log } = bounds(panel), parts = [], room = place.bottom - TOP;
    const y = (value) => place.bottom - room * (log ? Math.log(Math.max(value, low / 1e3) / low) / Math.log(high / low) : (value - low) / (high - low));
    const halves = [[place.hour(0), place.hour(place.early)], [place.first, place.day(place.end)]];
    for (const value of log ? decades(low, high) : ticks(low, high, 4)) {
      for (const half of halves) parts.push('<line x1="' + half[0] + '" x2="' + half[1] + '" y1="' + y(value) + '" y2="' + y(value) + '" stroke="' + look.line + '"/>');
      parts.push(text(LEFT - 7, y(value) + 4, +value.toPrecision(6), "end", look));
    }
    const label = (x, words) => parts.push('<line x1="' + x + '" x2="' + x + '" y1="' + place.bottom + '" y2="' + (place.bottom + 4) + '" stroke="' + look.line + '"/>', text(x, place.bottom + 17, words, "middle", look));
    for (const hour of ticks(0, place.early, width < 420 ? 3 : 4)) label(place.hour(hour), hour);
    for (const day of dayTicks(place, width)) label(place.day(24 * day), day);
    for (const half of halves) parts.push('<line x1="' + half[0] + '" x2="' + half[1] + '" y1="' + place.bottom + '" y2="' + place.bottom + '" stroke="' + look.line + '"/>');
    const later = place.one ? (width < 420 ? "days (log)" : "days (logarithmic, from " + place.early + " h)") : "days";
    parts.push(text((halves[0][0] + halves[0][1]) / 2, HEIGHT - 4, "hours", "middle", look), text((halves[1][0] + halves[1][1]) / 2, HEIGHT - 4, later, "middle", look));
    return [parts.join(""), y];
  }
  function dayTicks(place, width) {
    const days = place.end / 24, found = [];
    if (place.one) {
      let free = -Infinity;
      for (const day of [1, 3, 7, 14, 28, 60]) if (day <= days && place.day(24 * day) > free) { found.push(day); free = place.day(24 * day) + (width < 420 ? 18 : 22); }
      return found;
    }
    const week = [1, 2, 7, 14, 28].find((step) => days / step <= (width < 420 ? 3.5 : 5)) || 28;
    for (let day = 0; day <= days; day += week) found.push(day);
    return found;
  }
  function text(x, y, words, anchor, look) {
    return '<text x="' + x + '" y="' + y + '" text-anchor="' + anchor + '" font-size="11.5" fill="' + look.ink + '">' + escape(words) + "</text>";
  }
  function points(hours, values, x, y, first, last) {
    const found = [], at = (hour, value) => found.push(x(hour).toFixed(1) + " " + y(value).toFixed(1));
    const between = (place, hour) => values[place - 1] + ((hour - hours[place - 1]) / (hours[place] - hours[place - 1])) * (values[place] - values[place - 1]);
    for (let place = 0; place < hours.length; place++) {
      if (hours[place] < first - 1e-6) continue;
      if (!found.length && place > 0 && hours[place] > first + 1e-6) at(first, between(place, first)); // from the edge
      if (hours[place] > last + 1e-6) { // up to the edge, not beyond
        if (place > 0 && hours[place - 1] < last) at(last, between(place, last));
        break;
      }
      at(hours[place], values[place]);
    }
    return found;
  }
  function halves(place) { return [[place.hour, 0, place.early], [place.day, place.from, place.end]]; }
  function lines(list, hours, colour, place, y, thin) {
    return list.map((line, order) => {
      const both = halves(place).map(([x, first, last]) => "M" + points(hours, line.values, x, y, first, last).join("L")).join("");
      const dash = DASH[line.dash] ? ' stroke-dasharray="' + DASH[line.dash] + '"' : "";
      return '<path d="' + both + '" fill="none" stroke="' + colour + '" stroke-width="' + (thin ? 1.4 : order ? 2 : 2.4) + '" stroke-linejoin="round"' + dash + "/>";
    }).join("");
  }
  function bandsOf(panel, place, y) {
    const list = showBands && shown.bands ? shown.bands[panel.stage] : [];
    return list.map((band) => halves(place).map(([x, first, last]) => {
      const ring = points(shown.hours, band.upper, x, y, first, last).concat(points(shown.hours, band.lower, x, y, first, last).reverse());
      return '<polygon class="band" points="' + ring.join(" ").replace(/(\S+) (\S+)/g, "$1,$2") + '" fill="' + panel.colour + '" opacity=".11"/>';
    }).join("")).join("");
  }
  function drawing(panel, width, look) {
    const place = frame(width, shown.hours[shown.hours.length - 1]), [grid, y] = axes(panel, width, place, look);
    const high = place.bottom - TOP + 4; // what leaves a logarithmic axis below is cut off
    return grid + '<svg x="0" y="' + (TOP - 2) + '" width="' + width + '" height="' + high + '" viewBox="0 ' + (TOP - 2) + " " + width + " " + high + '" overflow="hidden">' + bandsOf(panel, place, y) +
      lines(panel.reference_lines, shown.referenceHours, look.reference_lines, place, y, true) + lines(panel.lines, shown.hours, panel.colour, place, y, false) + "</svg>";
  }

  // ---- all panels
  function show(done) {
    // bands of an earlier state are never drawn; the room that they took stays until the next ones come
    shown = { hours: numbers(done.hours), referenceHours: numbers(done.referenceHours || ""), panels: done.panels, sentences: done.sentences, last: done.lastDose, pinned: done.pinned, bands: null, room: shown && shown.room };
    for (const panel of shown.panels) for (const line of panel.lines.concat(panel.reference_lines)) line.values = numbers(line.y);
    draw();
    document.dispatchEvent(new CustomEvent("path-drawn"));
  }
  function addBands(list) {
    if (!shown) return;
    shown.bands = {}; shown.room = {};
    for (const panel of list) {
      shown.room[panel.stage] = panel.range;
      shown.bands[panel.stage] = panel.bands.map((band) => ({ lower: numbers(band.lower), upper: numbers(band.upper) }));
    }
    draw();
  }
  function set(choices) {
    if (choices.logarithmic !== undefined) logarithmic = choices.logarithmic;
    if (choices.bands !== undefined) showBands = choices.bands;
    draw();
  }
  function scaleWords(panel) { return panel.axis + (logarithmic && panel.logarithmic !== null ? ", logarithmic" : ""); }
  function ghost(panel) {
    if (!panel.reference_lines.length) return "";
    const words = panel.stage === "dose" ? "pinned: " + shown.pinned : "pinned";
    return '<li class="pinned"><span class="stroke" style="color:' + THEMED.reference_lines + '"></span><span>' + escape(words) + "</span></li>";
  }
  function draw() {
    if (!shown) return;
    for (const panel of shown.panels) {
      const card = document.getElementById("card-" + panel.stage), chart = card.querySelector(".chart"), width = chart.clientWidth;
      if (!width) continue;
      chart.innerHTML = '<svg width="' + width + '" height="' + HEIGHT + '" aria-hidden="true">' + drawing(panel, width, THEMED) + '<g class="cursor"></g></svg>';
      card.querySelector(".axis").textContent = scaleWords(panel);
      card.querySelector(".sentence").textContent = shown.sentences[panel.stage];
      card.querySelector(".legend").innerHTML = panel.lines.map((line) => '<li><span class="stroke ' + line.dash + '" style="color:' + panel.colour + '"></span><span>' + escape(line.label) + "</span><small></small></li>").join("") + ghost(panel);
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
        sizes[order].textContent = here === null ? line.size : sayValue(line.values[here] * line.factor) + " " + line.unit;
      });
      let mark = "";
      if (here !== null) {
        const place = frame(svg.clientWidth, shown.hours[shown.hours.length - 1]), hour = shown.hours[here];
        const xs = [...(hour <= place.early ? [place.hour(hour)] : []), ...(hour > place.early || !place.one ? [place.day(hour)] : [])];
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
    const early = place.hour(place.early);
    const hour = x <= (early + place.first) / 2 ? ((x - LEFT) / (early - LEFT)) * place.early : place.hourAt(x);
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
      parts.push('<text x="14" y="' + (y + 12) + '" font-size="14" font-weight="bold" fill="' + panel.colour + '">' + escape(card.querySelector("h2").textContent) + '<tspan font-weight="normal" font-size="12" fill="' + LIGHT.ink + '" dx="10">' + escape(scaleWords(panel)) + "</tspan></text>");
      parts.push('<g transform="translate(0,' + (y + 20) + ')">' + drawing(panel, width, LIGHT) + "</g>");
      y += HEIGHT + 38;
      panel.lines.forEach((line, order) => {
        const x = 14 + (order % 2) * 280, at = y + 15 * Math.floor(order / 2);
        parts.push('<path d="M' + x + " " + (at - 4) + 'h26" stroke="' + panel.colour + '" stroke-width="2" stroke-dasharray="' + DASH[line.dash] + '"/>' + text(x + 32, at, line.label + "  " + line.size, "start", LIGHT));
      });
      y += 15 * Math.ceil(panel.lines.length / 2) + 16;
      if (panel.reference_lines.length && panel.stage === "dose") {
        parts.push('<path d="M14 ' + (y - 10) + 'h26" stroke="' + LIGHT.reference_lines + '" stroke-width="1.4"/>' + text(46, y - 6, "pinned: " + shown.pinned, "start", LIGHT));
        y += 16;
      }
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
  window.resproutDraw = { show: show, whole: whole, addBands: addBands, set: set };
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", start) : start();
})();
