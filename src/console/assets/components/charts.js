// Lines over time, drawn by Chart.js in the colours of the theme.
import {h} from '../dom.js';
import {locale, t} from '../i18n.js';
import {onThemeChange} from './theme_switch.js';

const kLeastSpanMs = 30_000; // below it the times of the axis would be the same

// series: [{label, color: 'available', fill, stepped}]; format(value): a figure of the y axis.
// Without a label nothing is said of the picture: then what it shows must stand beside it as text.
// windowMs: how much of the past is shown, whatever is known of it; null: all that is known.
export function lineChart({label, series, format, windowMs = null, signal}) {
  const canvas = h('canvas', {role: 'img', 'aria-label': label});
  const box = h('div', {class: 'chart'}, canvas);
  const datasets = series.map((one) => ({
    label: one.label,
    data: [],
    stepped: one.stepped ? 'before' : false,
    fill: one.fill ? 'origin' : false,
    borderWidth: 1.75,
    pointRadius: 0,
    pointHitRadius: 12,
    borderJoinStyle: 'round',
    parsing: false,
    normalized: true,
    spanGaps: false,
  }));
  let chart = null;
  const range = {};
  const paint = () => {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    datasets.forEach((dataset, i) => {
      dataset.borderColor = color(`series-${series[i].color}`);
      dataset.backgroundColor = color(`series-${series[i].color}-fill`);
    });
    return {grid: color('line'), text: color('muted'), surface: color('raised'), ink: color('ink')};
  };
  const redraw = () => {
    const colors = paint();
    chart.options = options(colors, format, range, windowMs !== null);
    chart.update('none');
  };
  onThemeChange(
    () =>
      requestAnimationFrame(() => {
        if (chart) redraw();
      }),
    signal,
  );
  signal.addEventListener('abort', () => chart?.destroy());
  return {
    element: box,
    canvas,
    show(lines) {
      lines.forEach((line, i) => {
        datasets[i].data = line;
      });
      if (lines[0].length === 0) return;
      range.max = lines[0].at(-1).x;
      range.min = windowMs
        ? range.max - windowMs
        : Math.min(lines[0][0].x, range.max - kLeastSpanMs);
      // Chart.js wants to be in the page, or it takes the box to have no size.
      if (chart) {
        Object.assign(chart.options.scales.x, range);
        return chart.update('none');
      }
      if (!box.isConnected) return;
      chart = new Chart(canvas, {
        type: 'line',
        data: {datasets},
        options: options(paint(), format, range, windowMs !== null),
      });
    },
  };
}

function options(colors, format, range, isWindow) {
  const clock = new Intl.DateTimeFormat(locale(), {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
  const font = {family: getComputedStyle(document.body).fontFamily, size: 11};
  const ticks = {color: colors.text, font, maxRotation: 0, autoSkipPadding: 24};
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    interaction: {mode: 'index', axis: 'x', intersect: false},
    layout: {padding: {top: 4, right: 4}},
    scales: {
      x: {
        type: 'linear',
        ...range,
        grid: {display: false, drawBorder: false},
        ...(isWindow ? {afterBuildTicks: wholeMinutes} : {}),
        ticks: {
          ...ticks,
          maxTicksLimit: 6,
          align: 'inner',
          callback(value) {
            return isWindow ? ago(this.max - value) : clock.format(value);
          },
        },
      },
      y: {
        beginAtZero: true,
        grid: {color: colors.grid, drawBorder: false, drawTicks: false},
        ticks: {...ticks, maxTicksLimit: 5, padding: 8, callback: format},
      },
    },
    plugins: {
      legend: {display: false},
      tooltip: {
        backgroundColor: colors.surface,
        titleColor: colors.text,
        bodyColor: colors.ink,
        borderColor: colors.grid,
        borderWidth: 1,
        padding: 10,
        titleFont: font,
        bodyFont: {...font, size: 12},
        boxWidth: 8,
        boxHeight: 8,
        boxPadding: 4,
        usePointStyle: true,
        callbacks: {
          title: (items) => (items.length ? clock.format(items[0].parsed.x) : ''),
          label: (item) => ` ${item.dataset.label}: ${format(item.parsed.y)}`,
        },
      },
    },
  };
}

// Counted back from the end, so that they stand still while the line moves.
function wholeMinutes(axis) {
  axis.ticks = [];
  for (let at = axis.max; at >= axis.min; at -= 60_000) axis.ticks.unshift({value: at});
}

function ago(milliseconds) {
  const minutes = Math.round(milliseconds / 60_000);
  return minutes === 0 ? t('chart.now') : t('chart.ago', {m: minutes});
}

// The names of the lines beside their colours.
export function legend(series) {
  return h(
    'ul',
    {class: 'legend'},
    series.map(({label, color}) => h('li', {class: `series-${color}`}, label)),
  );
}
