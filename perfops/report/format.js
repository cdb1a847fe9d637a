"use strict";
// Numbers and times as people read them; units.py does the same for what is written into the page.
const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];
const DECIMAL = ["", "k", "M", "G"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// How a unit is shown: the factor to its base, the base and prefixes of its powers, and what stands behind the prefix.
const UNITS = {
  "%": { suffix: "%" },
  "MiB": { factor: 2 ** 20, base: 1024, prefixes: BINARY, suffix: "B" },
  "B": { base: 1024, prefixes: BINARY, suffix: "B" },
  "B/s": { base: 1024, prefixes: BINARY, suffix: "B/s" },
  "1/s": { base: 1000, prefixes: DECIMAL, suffix: "/s" },
  "ms": { base: 1000, prefixes: ["ms", "s"], suffix: "" },
  "count": { base: 1000, prefixes: DECIMAL, suffix: "" },
};

function figures(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.01) return value > 0 ? "<0.01" : ">−0.01";
  const places = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return String(Number(value.toFixed(places)));
}

function powerOf(value, unit) {
  let power = 0;
  for (let size = Math.abs(value); unit.base && size >= unit.base && power < unit.prefixes.length - 1; power++) size /= unit.base;
  return power;
}

function withUnit(text, unit, power) {
  const behind = (unit.prefixes ? unit.prefixes[power] : "") + unit.suffix;
  return behind === "/s" ? text + behind : `${text}\u00a0${behind}`.trim();
}

function human(value, name) {
  if (value == null) return "–";
  const unit = UNITS[name];
  const scaled = value * (unit.factor || 1);
  const power = powerOf(scaled, unit);
  return withUnit(figures(scaled / (unit.base || 1) ** power), unit, power);
}

// Labels of an axis: all with the prefix of the largest.
function axisLabels(splits, name) {
  const unit = UNITS[name];
  const factor = unit.factor || 1;
  const power = powerOf(Math.max(...splits.map(Math.abs)) * factor, unit);
  const divisor = (unit.base || 1) ** power / factor;
  return splits.map((split) => (split === 0 ? "0" : withUnit(String(Number((split / divisor).toPrecision(4))), unit, power)));
}

// Steps of an axis: powers of two for bytes, so that labels are round in KiB, MiB, …; undefined for the usual ones.
function axisSteps(name) {
  const unit = UNITS[name];
  if (unit.base !== 1024) return undefined;
  return Array.from({ length: 70 }, (_, power) => 2 ** (power - 20));
}

const two = (number) => String(number).padStart(2, "0");

function clockTime(seconds, fine) {
  const date = new Date(seconds * 1000);
  const text = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const rest = date.getUTCMilliseconds();
  return fine && rest ? `${text}.${String(rest).padStart(3, "0")}` : text;
}

function dayOf(seconds) {
  const date = new Date(seconds * 1000);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

function elapsedTime(seconds) {
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const text = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${text}` : text;
}

function timeLabels(splits, step, elapsed) {
  if (elapsed) return splits.map((split) => elapsedTime(split));
  let before = null;
  return splits.map((split) => {
    const day = dayOf(split);
    const shown = step >= 86400 ? "" : step >= 60 ? clockTime(split).slice(0, 5) : clockTime(split, step < 1);
    const label = day === before ? shown : `${shown}\n${day}`;
    before = day;
    return label;
  });
}
