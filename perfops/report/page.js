"use strict";
// Draws the charts of the machine in view, and moves between machines.
const page = JSON.parse(document.getElementById("data").textContent);
const PRINTED = { wide: 690, normal: 338, third: 222 };

const machines = page.machines.map((machine, number) => {
  machine.times = Object.fromEntries(Object.entries(machine.x).map(([kind, offsets]) => [kind, moments(offsets, machine.start)]));
  machine.group = new Group(`machine-${number}`, machine.start, machine.end, machine.marks, false);
  return machine;
});
const overlaid = page.overlaid.length ? new Group("overlaid", page.overlaid[0].start, page.overlaid[0].end, [], page.overlaid[0].elapsed) : null;

// All machines at all their times: a value for each line where it has one, undefined where only others do.
function overlaidChart(host, chart, group) {
  const tables = chart.lines.map((line) => [moments(line.x, chart.start), line.mean]);
  const [times, ...means] = uPlot.join(tables);
  const lines = chart.lines.map((line, index) => ({ ...line, mean: means[index] }));
  const plot = lineChart(host, { ...chart, lines }, times, group, 170);
  plot.told = (at) => lines.map((line) => human(nearest(line.mean, at), chart.unit));
  return plot;
}

// The value at a place, else the next known one beside it.
function nearest(values, at) {
  for (let away = 0; away < values.length; away++) {
    for (const place of [at - away, at + away]) if (values[place] !== undefined && place in values) return values[place];
  }
  return null;
}

function draw(figure) {
  if (figure.plot) return;
  const host = figure.querySelector(".plot");
  const machine = machines[figure.dataset.machine];
  const group = machine ? machine.group : overlaid;
  if (figure.dataset.overlaid) {
    figure.plot = overlaidChart(host, page.overlaid[figure.dataset.overlaid], group);
  } else if (figure.classList.contains("heat")) {
    figure.plot = heatChart(host, machine.heat, machine.times[machine.heat.x], group);
  } else {
    const chart = machine.charts[figure.dataset.chart];
    const small = figure.closest(".small") !== null;
    figure.plot = lineChart(host, chart, machine.times[chart.x], group, small ? 150 : 200);
  }
  group.plots.add(figure.plot);
  bindLegend(figure, group);
  fit(figure);
  sizes.observe(host);
}

function bindLegend(figure, group) {
  const { plot } = figure;
  const at = figure.querySelector(".at");
  const values = [...figure.querySelectorAll(".legend b")];
  for (const button of figure.querySelectorAll(".legend button")) {
    button.addEventListener("click", () => button.setAttribute("aria-pressed", String(plot.toggle(Number(button.dataset.line)))));
  }
  plot.hooks.setCursor = [
    () => {
      const place = plot.cursor.idx;
      const time = place == null ? null : plot.data[0][place];
      const texts = place == null ? [] : plot.told(place);
      const where = plot.where && place != null ? plot.where(place) : "";
      at.textContent = time == null ? "" : where + (group.elapsed ? elapsedTime(time) : clockTime(time, true));
      values.forEach((value, index) => { value.textContent = texts.length ? texts[index] : value.dataset.rest; });
    },
  ];
}

let printing = false;
function fit(figure) {
  const host = figure.querySelector(".plot");
  const paper = figure.classList.contains("wide") ? PRINTED.wide : figure.closest(".three") ? PRINTED.third : PRINTED.normal;
  const width = printing ? paper : host.clientWidth;
  if (width > 0 && width !== figure.plot.width) figure.plot.setSize({ width, height: figure.plot.height });
}

const drawable = () => document.querySelectorAll("figure.chart:is([data-machine], [data-overlaid])");
const sizes = new ResizeObserver((entries) => { for (const entry of entries) fit(entry.target.closest("figure")); });
const sight = new IntersectionObserver(
  (entries) => { for (const entry of entries) if (entry.isIntersecting) { sight.unobserve(entry.target); draw(entry.target); } },
  { rootMargin: "600px" },
);

// The machine in view: one of several, or all.
const chooser = document.getElementById("machine");
function choose(anchor) {
  for (const section of document.querySelectorAll("section.machine")) section.hidden = anchor !== "all" && section.id !== anchor;
  if (chooser) chooser.value = anchor;
  if (anchor !== "all") drawShown();
}

// All charts that can be scrolled to, so that the page is whole for a picture or a search for a peak. One machine takes
// a tenth of a second; of all machines, and of devices that are unfolded, each is drawn as it comes near.
function drawShown() {
  for (const figure of drawable()) if (figure.checkVisibility()) draw(figure);
}

const zoom = document.getElementById("zoom");
const groups = [...machines.map((machine) => machine.group), ...(overlaid ? [overlaid] : [])];
function tellZoom() {
  const zoomed = groups.find((group) => group.zoomed);
  zoom.hidden = !zoomed;
  if (!zoomed) return;
  const word = zoomed.elapsed ? elapsedTime : (seconds) => `${dayOf(seconds)} ${clockTime(seconds)}`;
  zoom.firstElementChild.textContent = `${word(zoomed.range[0])} – ${word(zoomed.range[1])}`;
}

// A zoom into one machine's charts goes for the others, where they were recorded at the same time.
let spreading = false;
function spread(group) {
  if (!spreading && !group.elapsed) {
    spreading = true;
    for (const other of groups) {
      const common = other.full[0] < group.range[1] && group.range[0] < other.full[1];
      if (other !== group && !other.elapsed) other.zoom(group.zoomed && common ? group.range : null);
    }
    spreading = false;
  }
  tellZoom();
}

for (const group of groups) group.listeners.push(spread);
zoom.querySelector("button").addEventListener("click", () => { for (const group of groups) group.zoom(null); });
if (chooser) {
  const known = (anchor) => machines.some((_, number) => anchor === `machine-${number}`);
  chooser.addEventListener("change", () => choose(chooser.value));
  addEventListener("hashchange", () => { if (known(location.hash.slice(1))) choose(location.hash.slice(1)); });
  choose(known(location.hash.slice(1)) ? location.hash.slice(1) : "machine-0");
}
drawShown();
for (const figure of drawable()) if (!figure.plot) sight.observe(figure);

function fitAll() {
  for (const figure of drawable()) if (figure.plot) fit(figure);
}

addEventListener("beforeprint", () => {
  printing = true;
  drawShown();
  fitAll();
});
addEventListener("afterprint", () => {
  printing = false;
  fitAll();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const group of groups) for (const plot of group.plots) plot.redraw(false, false);
});
