// Panels in Grafana's grid, with the headings of rows and what is chosen above them.
import { dateTime } from '@grafana/data';
import { PanelChrome, useTheme2 } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { prepared } from './fields.js';
import { PANELS } from './panels.jsx';

const COLUMNS = 24;
const CELL = 30; // pixels of a line of the grid
const GAP = 8; // between panels
const EDGE = 16; // beside the grid

export function Board({ board, width }) {
  const theme = useTheme2();
  const [ready, setReady] = useState(null);
  useEffect(() => {
    const replaced = (text) => text;
    const failed = (error) => {
      console.error(error);
      return [];
    };
    const each = (panel) => (panel.type === 'row' ? [] : prepared(panel, theme, replaced).catch(failed));
    const fonts = [400, 500].map((weight) => document.fonts.load(`${weight} 14px Inter`)); // those of the theme's styles
    Promise.all(fonts).then(() => Promise.all(board.panels.map(each))).then(setReady);
  }, [board, theme]);
  const inner = width - 2 * EDGE;
  const lines = Math.max(...board.panels.map((panel) => panel.gridPos.y + panel.gridPos.h));
  return (
    <div style={{ background: theme.colors.background.canvas, overflow: 'hidden', width, padding: `8px ${EDGE}px` }}>
      <Head board={board} theme={theme} />
      <div style={{ position: 'relative', height: lines * (CELL + GAP) }}>
        {ready && board.panels.map((panel, at) => <Place key={at} panel={panel} frames={ready[at]} board={board} width={inner} />)}
      </div>
    </div>
  );
}

function Head({ board, theme }) {
  const box = { border: `1px solid ${theme.colors.border.medium}`, borderRadius: 2, height: 32, padding: '5px 8px' };
  const label = { ...box, background: theme.colors.background.secondary, fontWeight: 500, fontSize: 12, lineHeight: '20px' };
  const range = [board.from, board.to].map((moment) => dateTime(moment).utc().format('YYYY-MM-DD HH:mm:ss')).join(' to ');
  const shown = [...board.variables, { label: 'Time', text: range }];
  return (
    <div style={{ paddingBottom: 8 }}>
      <h1 style={{ fontSize: 18, marginBottom: 8 }}>{board.title}</h1>
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: 8 }}>
        {shown.map((each) => (
          <div key={each.label} style={{ display: 'flex' }}>
            <span style={label}>{each.label}</span>
            <span style={{ ...box, maxWidth: 400, overflow: 'hidden', whiteSpace: 'nowrap', textOverflow: 'ellipsis' }}>{each.text}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

function Place({ panel, frames, board, width }) {
  const { x, y, w, h } = panel.gridPos;
  const column = (width - (COLUMNS - 1) * GAP) / COLUMNS;
  const style = { position: 'absolute', left: x * (column + GAP), top: y * (CELL + GAP) };
  if (panel.type === 'row') {
    return <div style={{ ...style, fontSize: 16, fontWeight: 500, lineHeight: '30px' }}>⌄ {panel.title}</div>;
  }
  const size = { width: w * column + (w - 1) * GAP, height: h * CELL + (h - 1) * GAP };
  const Kind = PANELS[panel.type];
  return (
    <div style={{ ...style, ...size }} data-kind={empty(frames) ? 'none' : panel.type}>
      <PanelChrome title={panel.title} description={panel.description} {...size}>
        {(inside, high) => (empty(frames) ? <Nothing /> : <Kind panel={panel} frames={frames} board={board} width={inside} height={high} />)}
      </PanelChrome>
    </div>
  );
}

function empty(frames) {
  return frames.every((frame) => frame.length === 0);
}

function Nothing() {
  return <div style={{ display: 'flex', height: '100%', alignItems: 'center', justifyContent: 'center' }}>No data</div>;
}
