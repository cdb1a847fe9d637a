"use strict";
// One row a CPU, one cell a sample: light is idle, dark is busy.
const RAMP_STEPS = 250;

function rampOf(names) {
  const stops = names.map((name) => ink(name).match(/[0-9a-f]{2}/gi).map((part) => parseInt(part, 16)));
  return Array.from({ length: RAMP_STEPS + 1 }, (_, step) => {
    const position = (step / RAMP_STEPS) * (stops.length - 1);
    const left = Math.min(Math.floor(position), stops.length - 2);
    const mixed = stops[left].map((part, index) => Math.round(part + (stops[left + 1][index] - part) * (position - left)));
    return `rgb(${mixed.join()})`;
  });
}

function heatChart(host, heat, times, group) {
  const rows = heat.rows.map((row) => Uint8Array.from(atob(row.bytes), (letter) => letter.charCodeAt(0)));
  const count = rows.length;
  const tall = Math.max(3, Math.min(26, Math.round(360 / count)));
  const every = Math.ceil(14 / tall);
  const options = baseOptions(group, "%", count * tall + 46);
  const edges = times.map((time, place) => {
    if (heat.binned) return [time - heat.cell / 2, time + heat.cell / 2];
    const before = place ? times[place - 1] : -Infinity;
    return [time - before > 2.5 * heat.cell ? time - heat.cell : before, time];
  });
  options.scales.y = { range: () => [0, count], dir: -1 };
  Object.assign(options.axes[1], {
    splits: () => rows.map((_, row) => row + 0.5).filter((_, row) => row % every === 0),
    values: (_, splits) => splits.map((split) => `cpu${heat.rows[Math.floor(split)].label}`),
    grid: { show: false },
    incrs: undefined,
  });
  options.cursor.points = { show: false };
  options.series = [{}, { paths: () => null, points: { show: false } }];
  options.hooks.draw.unshift((plot) => {
    const { ctx, bbox } = plot;
    const ramp = rampOf(["heat-0", "heat-1", "heat-2", "heat-3"]);
    const high = bbox.height / count;
    const gap = high > 6 * devicePixelRatio ? devicePixelRatio : 0;
    const spans = edges.map(([from, to]) => [plot.valToPos(from, "x", true), plot.valToPos(to, "x", true)]);
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    rows.forEach((values, row) => {
      const top = Math.round(bbox.top + row * high);
      const bottom = Math.round(bbox.top + (row + 1) * high) - gap;
      spans.forEach(([left, right], place) => {
        if (values[place] > RAMP_STEPS || right < bbox.left || left > bbox.left + bbox.width) return;
        ctx.fillStyle = ramp[values[place]];
        const start = Math.floor(left);
        ctx.fillRect(start, top, Math.max(Math.ceil(right) - start, 1), bottom - top);
      });
    });
    ctx.restore();
  });
  const plot = new uPlot(options, [times, times.map(() => 0)], host);
  plot.told = () => [];
  plot.where = (at) => {
    const row = Math.floor(plot.posToVal(plot.cursor.top, "y"));
    if (!(plot.cursor.top >= 0) || !rows[row] || rows[row][at] > RAMP_STEPS) return "";
    return `cpu${heat.rows[row].label} ${human(rows[row][at] / heat.scale, "%")} · `;
  };
  return plot;
}
