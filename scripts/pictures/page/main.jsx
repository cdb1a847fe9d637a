// Draw one dashboard: dashboard.json beside this page has it with its choices, frames and annotations.
import { createTheme, EventBusSrv, locationUtil } from '@grafana/data';
import { GlobalStyles, PanelContextProvider, PortalContainer, ThemeContext } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { Board } from './board.jsx';
import { register } from './fields.js';

async function draw() {
  const wanted = new URLSearchParams(window.location.search);
  window.__grafana_public_path__ = 'public/';
  window.grafanaBootData = { settings: { featureToggles: {} }, user: {}, navTree: [] };
  locationUtil.initialize({
    config: { appSubUrl: '' },
    getVariablesUrlParams: () => ({}),
    getTimeRangeForUrl: () => ({ from: 'now-1h', to: 'now' }),
  });
  register();
  const board = await (await fetch('dashboard.json')).json();
  const theme = createTheme({ colors: { mode: wanted.get('theme') } });
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PanelContextProvider value={{ eventsScope: 'board', eventBus: new EventBusSrv() }}>
        <Board board={board} width={window.innerWidth} />
      </PanelContextProvider>
      <PortalContainer />
    </ThemeContext.Provider>
  );
}

draw();
