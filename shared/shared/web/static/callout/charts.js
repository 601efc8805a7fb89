// Charts: each [data-chart] holds its content as JSON, and is drawn again only when that has changed.
/* global uPlot */

const WIDTH = 0.7; // of a day's room, for its bar
const ROUND = 0.15; // of a bar's width
const MOST = 36; // pixels that a bar is wide
const DOTTED = 31; // days up to which each has its dot
const STEPS = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000];
const UNITS = [[90, 1, "second"], [5400, 60, "minute"], [172800, 3600, "hour"], [Infinity, 86400, "day"]];

const root = document.documentElement;
const language = `${root.lang || "en"}-u-nu-latn`;
const fromTheRight = root.dir === "rtl";
const drawn = new Map(); // element → its chart

const plain = new Intl.NumberFormat(language);

function lasted(seconds) {
  const [, size, unit] = UNITS.find(([most]) => seconds < most);
  return inUnits(seconds, size, unit, size >= 3600 && seconds < 10 * size ? 1 : 0);
}

/** In the largest unit that each step of an axis is a whole number of: rounded, two labels would be the same. */
function marked(seconds, step) {
  const [, size, unit] = UNITS.findLast(([, each]) => step % each === 0);
  return inUnits(seconds, size, unit, 0);
}

function inUnits(seconds, size, unit, digits) {
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: digits }).format(seconds / size);
}

const SHOWN = { stack: (value) => plain.format(value), times: lasted };
const MARKED = { stack: SHOWN.stack, times: marked };

const probe = document.createElement("span"); // a canvas knows no variables, but an element does
probe.hidden = true;
document.body.append(probe);

function colour(name) {
  probe.style.color = `var(--tblr-${name})`;
  return getComputedStyle(probe).color;
}

class Chart {
  constructor(place) {
    this.place = place;
    this.over = false;
    this.tip = document.createElement("div");
    this.tip.className = "callout-tip";
    this.tip.hidden = true;
    place.addEventListener("mouseenter", () => { this.over = true; });
    place.addEventListener("mouseleave", () => { this.over = false; this.update(); });
    place.addEventListener("callout:morphed", () => this.update());
    this.update();
    this.sizes = new ResizeObserver(() => this.plot.setSize(this.size()));
    this.sizes.observe(place);
  }

  /** Nothing moves under a pointer that is reading. */
  update() {
    const text = this.place.dataset.chart;
    if (text === this.shown || this.over) return;
    const before = this.content;
    this.shown = text;
    this.content = JSON.parse(text);
    const same = before && before.days.join() === this.content.days.join() && before.kind === this.content.kind;
    if (same) this.plot.setData(this.data());
    else this.draw();
  }

  draw() {
    this.plot?.destroy();
    this.plot = new uPlot(this.options(), this.data(), this.place);
    this.plot.over.append(this.tip);
  }

  end() {
    this.sizes.disconnect();
    this.plot.destroy();
  }

  size() {
    return { width: this.place.clientWidth, height: this.place.clientHeight };
  }

  /** Bars that stand on each other are drawn as sums, the highest first and the lower ones before it. */
  data() {
    const { days, series, kind } = this.content;
    const at = days.map((_, index) => index);
    if (kind !== "stack") return [at, ...series.map(({ values }) => values)];
    const sums = series.map((_, last) => at.map((day) => series.slice(0, last + 1).reduce((sum, { values }) => sum + values[day], 0)));
    return [at, ...sums.reverse()];
  }

  options() {
    const { kind, series } = this.content;
    const stack = kind === "stack";
    const lines = stack ? [...series].reverse().map((each) => bars(each)) : series.map((each, index) => line(each, index, this.content.days.length <= DOTTED));
    return {
      ...this.size(),
      legend: { show: false },
      cursor: { y: false, points: { show: !stack }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, dir: fromTheRight ? -1 : 1, range: (_, low, high) => [low - 0.5, high + 0.5] },
        y: { range: (_, low, high) => [0, Math.max(high * 1.05, stack ? 1 : 60)] },
      },
      axes: [
        axis({ size: 26, grid: { show: false }, incrs: [1, 2, 7, 14, 28, 56, 84], space: 56, values: (_, places) => places.map((place) => this.content.days[place] ?? "") }),
        axis({
          side: fromTheRight ? 1 : 3,
          size: (_, values) => 14 + 7 * Math.max(1, ...(values ?? []).map((value) => value.length)),
          space: 26,
          incrs: stack ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] : STEPS,
          values: (_, places, axis, space, step) => places.map((place) => (place ? MARKED[kind](place, step) : "0")),
        }),
      ],
      series: [{}, ...lines],
      hooks: { setCursor: [() => this.point()], setData: [() => this.point()] },
    };
  }

  /** What the day under the pointer says. */
  point() {
    const { left, idx } = this.plot?.cursor ?? {};
    const { titles, series, kind } = this.content;
    this.tip.hidden = idx === null || idx === undefined || left === undefined || left < 0;
    if (this.tip.hidden) return;
    const head = document.createElement("strong");
    head.textContent = titles[idx];
    const rows = series.map(({ name, colour: tone, values }) => {
      const row = document.createElement("div");
      const dot = document.createElement("span");
      const value = document.createElement("span");
      dot.className = `legend bg-${tone}`;
      value.className = "ms-auto ps-3";
      value.textContent = values[idx] === null ? "–" : SHOWN[kind](values[idx]);
      row.append(dot, name, value);
      return row;
    });
    this.tip.replaceChildren(head, ...rows);
    const place = this.plot.valToPos(idx, "x");
    const room = this.plot.over.clientWidth;
    const beside = place + 14 + this.tip.offsetWidth > room ? place - 14 - this.tip.offsetWidth : place + 14;
    this.tip.style.left = `${Math.max(0, Math.min(beside, room - this.tip.offsetWidth))}px`;
  }
}

function axis(more) {
  return {
    stroke: () => colour("secondary"),
    font: "12px system-ui, sans-serif",
    ticks: { show: false },
    ...more,
    grid: { stroke: () => colour("border-color"), width: 1, ...more.grid },
  };
}

function bars({ name, colour: tone }) {
  return { label: name, width: 0, fill: () => colour(tone), points: { show: false }, paths: uPlot.paths.bars({ size: [WIDTH, MOST], radius: ROUND }) };
}

function line({ name, colour: tone }, index, dotted) {
  const dash = index ? [5, 4] : undefined; // told apart by more than their colour
  return { label: name, stroke: () => colour(tone), width: 2, dash, spanGaps: true, paths: uPlot.paths.linear(), points: { show: dotted, size: 5, fill: () => colour(tone), width: 0 } };
}

/** Draws what is new on the page, and lets go of what has left it. */
function look() {
  for (const [place, chart] of drawn) {
    if (place.isConnected) continue;
    chart.end();
    drawn.delete(place);
  }
  for (const place of document.querySelectorAll("[data-chart]")) if (!drawn.has(place)) drawn.set(place, new Chart(place));
}

document.addEventListener("callout:morphed", look);
const recolour = () => { for (const chart of drawn.values()) chart.plot.redraw(false); };
new MutationObserver(recolour).observe(root, { attributeFilter: ["data-bs-theme"] });
look();
