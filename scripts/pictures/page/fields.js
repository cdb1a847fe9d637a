// What the server's program registers before it draws: the settings of fields, and the transformations.
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  createDataFrame,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  FieldConfigOptionsRegistry,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
  thresholdsOverrideProcessor,
  transformDataFrame,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';

const STANDARD = {
  color: identityOverrideProcessor,
  decimals: numberOverrideProcessor,
  description: identityOverrideProcessor,
  displayName: displayNameOverrideProcessor,
  links: dataLinksOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  max: numberOverrideProcessor,
  min: numberOverrideProcessor,
  noValue: identityOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  unit: unitOverrideProcessor,
};

// What a panel of each kind has where the dashboard says nothing.
const LINES = {
  axisColorMode: 'text',
  axisGridShow: true,
  axisPlacement: 'auto',
  drawStyle: 'line',
  fillOpacity: 0,
  gradientMode: 'none',
  hideFrom: { legend: false, tooltip: false, viz: false },
  lineInterpolation: 'linear',
  lineWidth: 1,
  pointSize: 5,
  scaleDistribution: { type: 'linear' },
  showPoints: 'auto',
  spanNulls: false,
  stacking: { mode: 'none', group: 'A' },
  thresholdsStyle: { mode: 'off' },
};
const CUSTOM = {
  timeseries: LINES,
  trend: LINES,
  table: { align: 'auto', cellOptions: { type: 'auto' }, filterable: false, footer: { reducers: [] }, inspect: false },
};
const COLOUR = { timeseries: 'palette-classic', trend: 'palette-classic', heatmap: 'palette-classic' };
const THRESHOLDS = { mode: 'absolute', steps: [{ value: null, color: 'green' }, { value: 80, color: 'red' }] };

export function register() {
  const known = new Map(Object.values(standardTransformers).map((each) => [each.id, each])); // some bear two names
  standardTransformersRegistry.setInit(() => [...known].map(([id, each]) => ({ id, name: each.name, transformation: each })));
}

// The frames of a panel after its transformations, with what it says of their fields.
export async function prepared(panel, theme, replaced) {
  const frames = panel.frames.map((frame) => createDataFrame(frame));
  const changed = await firstValueFrom(
    transformDataFrame(panel.transformations ?? [], frames, { interpolate: replaced })
  );
  const config = withDefaults(panel);
  const fields = applyFieldOverrides({
    data: changed,
    fieldConfig: config,
    fieldConfigRegistry: registry(config),
    replaceVariables: replaced,
    theme,
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(fields);
  return fields;
}

export function withDefaults(panel) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  const migrated = overrides.map((each) => ({ ...each, properties: each.properties.flatMap(today) }));
  return {
    defaults: {
      color: { mode: COLOUR[panel.type] ?? 'thresholds' },
      thresholds: THRESHOLDS,
      ...defaults,
      custom: { ...CUSTOM[panel.type], ...defaults.custom },
    },
    overrides: migrated,
  };
}

// Settings that a server renames when it opens a dashboard.
function today(property) {
  if (property.id === 'custom.hidden') {
    return [{ ...property, id: 'custom.hideFrom.viz' }];
  }
  if (property.id === 'custom.cellOptions' && property.value.wrapText) {
    return [property, { id: 'custom.wrapText', value: true }];
  }
  return [property];
}

// All settings that may be set, those of the kind of panel under `custom`.
function registry(config) {
  const found = new FieldConfigOptionsRegistry();
  for (const [name, process] of Object.entries(STANDARD)) {
    found.register({ id: name, path: name, name, process, shouldApply: () => true, override: () => null });
  }
  const named = config.overrides.flatMap((each) => each.properties.map((property) => property.id));
  const custom = named.filter((id) => id.startsWith('custom.')).map((id) => id.slice('custom.'.length));
  for (const name of new Set([...Object.keys(config.defaults.custom), ...custom])) {
    const process = identityOverrideProcessor;
    found.register({ id: `custom.${name}`, path: name, name, isCustom: true, process, shouldApply: () => true, override: () => null });
  }
  return found;
}
