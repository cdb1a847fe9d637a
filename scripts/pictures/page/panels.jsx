// A component for each kind of panel: Grafana's own from its library, called as the server's program calls them.
import { fieldMatchers, FieldMatcherID, FieldType, getDisplayValueAlignmentFactors, getFieldDisplayValues, dateTime } from '@grafana/data';
import { BigValue, TimeSeries, useTheme2, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { Heat } from './heat.jsx';
import { marked } from './marks.js';
import { withDefaults } from './fields.js';

const NUMBERS = fieldMatchers.get(FieldMatcherID.byTypes).get(new Set([FieldType.number]));

function Lines({ panel, frames, board, width, height }) {
  const theme = useTheme2();
  return (
    <TimeSeries
      frames={frames}
      timeRange={rangeOf(board)}
      timeZone="utc"
      width={width}
      height={height}
      legend={panel.options.legend}
      options={panel.options}
    >
      {(config) => marked(config, board, theme)}
    </TimeSeries>
  );
}

// Lines over a column of numbers, the first of the only frame.
function Trend({ panel, frames, board, width, height }) {
  const [frame] = frames;
  const first = frame.fields.find((field) => field.type === FieldType.number);
  const x = (field) => field === first;
  return (
    <TimeSeries
      frames={[frame]}
      fields={{ x, y: (field, ...more) => field !== first && NUMBERS(field, ...more) }}
      timeRange={rangeOf(board)}
      timeZone="utc"
      width={width}
      height={height}
      legend={panel.options.legend}
      options={panel.options}
    />
  );
}

function Table({ panel, frames, board, width, height }) {
  const { cellHeight, frozenColumns, showHeader, sortBy } = panel.options;
  return (
    <TableNG
      data={frames[0]}
      width={width}
      height={height}
      noHeader={showHeader === false}
      cellHeight={cellHeight}
      initialSortBy={sortBy}
      frozenColumns={frozenColumns?.left}
      timeRange={rangeOf(board)}
      fieldConfig={withDefaults(panel)}
      structureRev={1}
      enableVirtualization={false}
      resizable
    />
  );
}

function Stat({ panel, frames, width, height }) {
  const theme = useTheme2();
  const { options } = panel;
  const values = () =>
    getFieldDisplayValues({
      fieldConfig: withDefaults(panel),
      reduceOptions: { calcs: ['lastNotNull'], values: false, fields: '', ...options.reduceOptions },
      replaceVariables: (text) => text,
      theme,
      data: frames,
      sparkline: options.graphMode !== 'none',
      timeZone: 'utc',
    });
  const one = ({ value, alignmentFactors, width, height, count }) => (
    <BigValue
      value={value.display}
      count={count}
      width={width}
      height={height}
      sparkline={value.sparkline}
      colorMode={options.colorMode}
      graphMode={options.graphMode}
      justifyMode={options.justifyMode ?? 'auto'}
      textMode={options.textMode}
      alignmentFactors={alignmentFactors}
      text={options.text}
      wideLayout={options.wideLayout}
      percentChangeColorMode="standard"
      theme={theme}
    />
  );
  return (
    <VizRepeater
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={one}
      width={width}
      height={height}
      source={frames}
      itemSpacing={3}
      renderCounter={0}
      autoGrid
      orientation={options.orientation ?? 'auto'}
    />
  );
}

function rangeOf(board) {
  const [from, to] = [board.from, board.to].map((moment) => dateTime(moment));
  return { from, to, raw: { from, to } };
}

export const PANELS = { heatmap: Heat, stat: Stat, table: Table, timeseries: Lines, trend: Trend };
