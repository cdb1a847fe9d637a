// Annotations over lines: dashed at a moment, shaded over a span, a mark at the foot, as Grafana draws them.
import { colorManipulator } from '@grafana/data';

export function marked(config, board, theme) {
  const events = board.annotations.flatMap((note) => eventsOf(note, theme));
  config.addHook('draw', (plot) => events.forEach((event) => drawn(plot, event)));
  return null;
}

function eventsOf(note, theme) {
  const [starts, ends] = ['time', 'timeend'].map((name) => note.frame.fields.find((field) => field.name === name).values);
  const colour = theme.visualization.getColorByName(note.colour);
  return starts.map((start, at) => ({ start, end: ends[at], colour }));
}

function drawn(plot, { start, end, colour }) {
  const { ctx, bbox } = plot;
  const place = (moment) => Math.min(Math.max(plot.valToPos(moment, 'x', true), bbox.left), bbox.left + bbox.width);
  const edges = [start, ...(end && end !== start ? [end] : [])].map(place);
  const bottom = bbox.top + bbox.height;
  ctx.save();
  if (edges.length === 2) {
    ctx.fillStyle = colorManipulator.alpha(colour, 0.1);
    ctx.fillRect(edges[0], bbox.top, edges[1] - edges[0], bbox.height);
    ctx.fillStyle = colour;
    ctx.fillRect(edges[0], bottom, edges[1] - edges[0], 5);
  } else {
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.moveTo(edges[0], bottom);
    ctx.lineTo(edges[0] - 5, bottom + 5);
    ctx.lineTo(edges[0] + 5, bottom + 5);
    ctx.fill();
  }
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.setLineDash([5, 5]);
  for (const edge of edges) {
    ctx.beginPath();
    ctx.moveTo(edge, bbox.top);
    ctx.lineTo(edge, bottom);
    ctx.stroke();
  }
  ctx.restore();
}
