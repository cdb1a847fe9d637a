"use strict";
// Line and stacked charts, drawn by uPlot; all charts of a group share cursor and zoom.
const ink = (name, alpha = "") => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() + alpha;
const TIME_STEPS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 2 * 86400, 7 * 86400,
];
const FONT = "11px system-ui, sans-serif";

// Times in seconds since 1970 of the offsets in the page.
const moments = (offsets, start) => offsets.map((offset) => start + offset);

class Group {
  constructor(key, from, to, marks, elapsed) {
    Object.assign(this, { key, from, to, marks, elapsed, range: [from, to], plots: new Set() });
    if (!(to > from)) this.range = [from - 1, to + 1];
    this.full = this.range;
    this.listeners = [];
  }

  zoom(range) {
    this.range = range || this.full;
    for (const plot of this.plots) plot.setScale("x", { min: this.range[0], max: this.range[1] });
    for (const listener of this.listeners) listener(this);
  }

  get zoomed() {
    return this.range !== this.full;
  }
}

function baseOptions(group, unit, height) {
  return {
    width: 300,
    height,
    legend: { show: false },
    padding: [8, 24, 0, 0], // at the right half of a time's label
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 6 },
      sync: { key: group.key, scales: ["x", null], filters: { pub: (kind) => kind === "mousemove" || kind === "mouseleave" } },
      bind: { dblclick: () => () => { group.zoom(null); return null; } },
    },
    scales: { x: { time: !group.elapsed, auto: false, range: () => group.range } },
    axes: [
      {
        stroke: () => ink("muted"), font: FONT, grid: { stroke: () => ink("grid"), width: 1 }, ticks: { show: false }, 
        size: group.elapsed ? 26 : 40, gap: 7, space: (_, axis, from, to) => (to - from < 10 ? 96 : 64), incrs: TIME_STEPS,
        values: (_, splits, axis, space, step) => timeLabels(splits, step, group.elapsed),
      },
      {
        stroke: () => ink("muted"), font: FONT, grid: { stroke: () => ink("grid"), width: 1 }, ticks: { show: false }, size: 68, gap: 4,
        space: 32,
        ...(axisSteps(unit) ? { incrs: axisSteps(unit) } : {}),
        values: (_, splits) => axisLabels(splits, unit),
      },
    ],
    hooks: {
      drawClear: [(plot) => drawBands(plot, group.marks)],
      draw: [(plot) => drawLines(plot, group.marks)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          const range = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          group.zoom(range);
        },
      ],
    },
  };
}

// Gaps and phases behind the lines.
function drawBands(plot, marks) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const mark of marks) {
    if (mark.to == null) continue;
    const left = plot.valToPos(mark.from, "x", true);
    const width = Math.max(plot.valToPos(mark.to, "x", true) - left, 2 * devicePixelRatio);
    ctx.fillStyle = ink(mark.kind === "phase" ? "phase" : "gap");
    ctx.fillRect(left, bbox.top, width, bbox.height);
    if (mark.kind !== "phase") hatch(ctx, left, bbox.top, width, bbox.height);
  }
  ctx.restore();
}

function hatch(ctx, left, top, width, height) {
  const step = 7 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.beginPath();
  for (let x = left - height; x < left + width; x += step) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.strokeStyle = ink("hatch");
  ctx.lineWidth = devicePixelRatio;
  ctx.stroke();
  ctx.restore();
}

// Reboots, clock changes and starts of phases above the lines.
function drawLines(plot, marks) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  for (const mark of marks) {
    if (mark.kind === "gap") continue;
    const x = plot.valToPos(mark.from, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = ink(mark.kind === "phase" ? "muted" : "red");
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const text = mark.kind === "phase" ? mark.text : mark.kind;
    const right = x + 4 * devicePixelRatio + ctx.measureText(text).width > bbox.left + bbox.width;
    ctx.textAlign = right ? "right" : "left";
    ctx.fillText(text, x + (right ? -4 : 4) * devicePixelRatio, bbox.top + 2 * devicePixelRatio);
  }
  ctx.restore();
}

// Lines piled up: each with the sum of those below it, null where nothing is known. A hidden one adds nothing.
function piled(lines, shown) {
  let below = lines[0].mean.map(() => null);
  return lines.map((line, index) => {
    below = line.mean.map((value, place) => (value == null ? below[place] : (shown[index] ? value : 0) + (below[place] || 0)));
    return below;
  });
}

function lineChart(host, chart, times, group, height) {
  const options = baseOptions(group, chart.unit, height);
  const shown = chart.lines.map(() => true);
  const series = [{}];
  const bands = [];
  const top = chart.top;
  options.scales.y = {
    // A scale that is fixed, as 100 % is, gives way when lines are switched off to look closer at the others.
    range: (_, low, high) => [Math.min(low || 0, 0), top != null && shown.every(Boolean) ? top : high > 0 ? high * 1.06 : 1],
  };
  for (const [index, line] of chart.lines.entries()) {
    const stroke = () => (shown[index] ? ink(line.colour) : "transparent");
    if (chart.stacked) {
      series.push({ stroke, width: 0, points: { show: false } });
    } else {
      series.push({ stroke, width: 1.5, points: { size: 4 } });
      if (line.low) {
        // The upper edge is drawn, too: the band under a peak of one second is thinner than a pixel.
        const edge = { stroke: () => ink(line.colour, "70"), width: 1, points: { show: false } };
        series.push(edge, { ...edge, width: 0 });
        bands.push({ series: [series.length - 2, series.length - 1], fill: () => ink(line.colour, "2e") });
      }
    }
  }
  if (chart.stacked) {
    // The lowest pile reaches down to zero, every other one to the pile below it.
    series[1].fill = () => ink(chart.lines[0].colour, "b8");
    for (let index = 1; index < chart.lines.length; index++) {
      bands.push({ series: [index + 1, index], fill: () => ink(chart.lines[index].colour, "b8") });
    }
    if (chart.peak) series.push({ stroke: () => ink(chart.peak.colour, "99"), width: 0.75, points: { show: false } });
  }
  options.series = series;
  options.bands = bands;

  const data = () => {
    if (chart.stacked) return [times, ...piled(chart.lines, shown), ...(chart.peak ? [chart.peak.mean] : [])];
    return [times, ...chart.lines.flatMap((line) => (line.low ? [line.mean, line.high, line.low] : [line.mean]))];
  };
  const plot = new uPlot(options, data(), host);
  const place = (index) => (chart.stacked ? index + 1 : 1 + chart.lines.slice(0, index).reduce((sum, line) => sum + (line.low ? 3 : 1), 0));
  plot.toggle = (index) => {
    shown[index] = !shown[index];
    if (chart.stacked) {
      if (chart.peak) plot.setSeries(series.length - 1, { show: shown.every(Boolean) });
      plot.setData(data(), true);
    }
    else for (let offset = 0; offset < (chart.lines[index].low ? 3 : 1); offset++) plot.setSeries(place(index) + offset, { show: shown[index] });
    return shown[index];
  };
  plot.told = (at) => {
    const texts = chart.lines.map((line) => {
      const text = human(line.mean[at], chart.unit);
      const wide = line.low && line.mean[at] != null && line.low[at] !== line.high[at];
      return wide ? `${text} (${human(line.low[at], chart.unit)} – ${human(line.high[at], chart.unit)})` : text;
    });
    return chart.peak ? [...texts, human(chart.peak.mean[at], chart.unit)] : texts;
  };
  return plot;
}
