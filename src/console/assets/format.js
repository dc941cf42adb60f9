// Figures and times as a reader of the language expects them.
import {locale, t} from './i18n.js';

// 1234567 or "1234567": 1,234,567. Ids are no amounts and stay as they are.
export function amount(value) {
  return Number(value).toLocaleString(locale());
}

// Three digits of which two mean something: 0.42, 7.3, 128, 12,400.
export function rate(value) {
  if (!Number.isFinite(value)) return '–';
  const digits = value === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString(locale(), {maximumFractionDigits: digits});
}

// Seconds as what one would say: 0.8 ms, 12 ms, 1.4 s.
export function latency(seconds) {
  if (!Number.isFinite(seconds)) return {value: '–', unit: 'ms'};
  if (seconds >= 1) return {value: rate(seconds), unit: 's'};
  return {value: rate(seconds * 1000), unit: 'ms'};
}

export function bytes(value) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = Number(value);
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    ++unit;
  }
  return `${rate(size)} ${units[unit]}`;
}

// How long something takes or took: 45 s, 12 min, 3 h 20 min, 5 d 4 h.
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes === 0) return t('time.s', {s: seconds});
  if (hours === 0) return t('time.m', {m: minutes});
  if (days === 0) return t('time.hm', {h: hours, m: minutes % 60});
  return t('time.dh', {d: days, h: hours % 24});
}

// 14:05, 1:02:09: what is left of a reservation.
export function countdown(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (value) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(seconds % 60)}`
    : `${minutes}:${two(seconds % 60)}`;
}

// The time of a movement, to the millisecond where it is wanted.
export function moment(milliseconds, exact = false) {
  const time = new Date(Number(milliseconds));
  const today = new Date().toDateString() === time.toDateString();
  const parts = {hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false};
  if (!today || exact) Object.assign(parts, {year: 'numeric', month: '2-digit', day: '2-digit'});
  if (exact) parts.fractionalSecondDigits = 3;
  return new Intl.DateTimeFormat(locale(), parts).format(time);
}

// +5, −3, 0: a change, with a real minus.
export function signed(value) {
  const text = amount(Math.abs(value));
  return value > 0 ? `+${text}` : value < 0 ? `−${text}` : text;
}
