// A stand-in for the heat map, which is not in Grafana's library: cells, colours and axes as its options say.
import { UPlotChart, UPlotConfigBuilder, useTheme2 } from '@grafana/ui';
import * as chromatic from 'd3-scale-chromatic';
import { useMemo } from 'react';

export function Heat({ panel, frames, board, width, height }) {
  const theme = useTheme2();
  const [{ fields }] = frames;
  const [time, ...lines] = fields;
  const config = useMemo(() => {
    const { min = 0, max = 100, scheme } = panel.options.color;
    const colour = chromatic[`interpolate${scheme}`];
    const made = new UPlotConfigBuilder('utc');
    made.addScale({ scaleKey: 'x', isTime: true, orientation: 0, direction: 1, range: () => [board.from, board.to] });
    made.addScale({ scaleKey: 'y', orientation: 1, direction: 1, range: () => [0, lines.length] });
    made.addAxis({ scaleKey: 'x', isTime: true, placement: 'bottom', timeZone: 'utc', theme });
    made.addAxis({
      scaleKey: 'y',
      placement: 'left',
      theme,
      splits: () => lines.map((_, at) => at + 0.5),
      values: () => lines.map((field) => field.name),
      grid: { show: false },
    });
    lines.forEach(() => made.addSeries({ scaleKey: 'y', theme, drawStyle: 'line', lineWidth: 0, show: true, pathBuilder: () => null, pointsBuilder: () => null }));
    made.addHook('draw', (plot) => {
      const step = Math.min(...time.values.slice(1).map((moment, at) => moment - time.values[at]));
      lines.forEach((field, line) =>
        field.values.forEach((value, at) => {
          if (value !== null) {
            const [left, right] = [time.values[at], time.values[at] + step].map((moment) => plot.valToPos(moment, 'x', true));
            const [top, bottom] = [line + 1, line].map((place) => plot.valToPos(place, 'y', true));
            plot.ctx.fillStyle = shade(colour, (value - min) / (max - min), Boolean(panel.options.color.reverse) !== theme.isDark);
            plot.ctx.fillRect(left, top, right - left, bottom - top);
          }
        })
      );
    });
    return made;
  }, [theme]);
  const data = [time.values, ...lines.map((field) => field.values)];
  return <UPlotChart config={config} data={data} width={width} height={height} />;
}

function shade(colour, share, reverse) {
  return colour(reverse ? 1 - share : share);
}
