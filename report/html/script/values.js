// What the other scripts share: the page's data, elements, colours, numbers.

// How many times of a series are drawn at once; more of them appear on zoom.
const DRAWN = 1000;
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [14, 4], [5, 2, 1, 2], [1, 2], [12, 3, 3, 3]];

const $ = (id) => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const plots = [];   // of the charts over time: {u, panel, columns, buttons, shown, figure}
const paint = {};   // colours of the style sheet, read once a theme
let times = [];
let view = null;    // [from, to] in seconds; null: all
let cursor = -1;    // index into the drawn times

function el(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes || {})) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

function color(name) {
  return paint[name] || (paint[name] = getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim());
}

// unpack undoes pack in data.go: steps in units of a quantum; null is a gap.
function unpack(column) {
  const out = [];
  if (!column.d) return out;
  let at = 0;
  for (const word of column.d.split(' ')) {
    if (word[0] === '~') {
      for (let n = +word.slice(1); n > 0; n--) out.push(null);
      continue;
    }
    const [step, times] = word.split('*');
    for (let n = +(times || 1); n > 0; n--) {
      at += +step;
      out.push(Number((at * column.q).toPrecision(12)));
    }
  }
  return out;
}

// thin is report.Thin: of each stretch its lowest and highest value, in their order.
function thin(xs, columns, limit) {
  const n = xs.length;
  if (n <= limit) return [xs, ...columns];
  const pairs = limit >> 1, outX = [], out = columns.map(() => []);
  for (let k = 0; k < pairs; k++) {
    const from = Math.floor(k * n / pairs), to = Math.floor((k + 1) * n / pairs), middle = (from + to) >> 1;
    outX.push(xs[from], xs[Math.max(middle, from + 1)]);
    columns.forEach((column, c) => {
      let lo = -1, hi = -1, first = false, second = false;
      for (let i = from; i < to; i++) {
        const v = column[i];
        if (v === null) continue;
        if (i < middle) first = true; else second = true;
        if (lo < 0 || v < column[lo]) lo = i;
        if (hi < 0 || v > column[hi]) hi = i;
      }
      if (lo < 0) out[c].push(null, null);
      else if (!first) out[c].push(null, column[hi]);
      else if (!second) out[c].push(column[hi], null);
      else out[c].push(column[Math.min(lo, hi)], column[Math.max(lo, hi)]);
    });
  }
  return [outX, ...out];
}

// Numbers, as package report prints them.
function number(v) {
  const size = Math.abs(v);
  if (size >= 99.95) return Math.round(v).toLocaleString('en-US');
  if (size === 0) return '0';
  return String(+v.toPrecision(3));
}
function scaled(v, units, base) {
  let i = 0;
  while (Math.abs(v) >= base && i < units.length - 1) { v /= base; i++; }
  return number(v) + ' ' + units[i];
}
const formats = {
  count: number,
  cores: (v) => number(v) + ' cores',
  rate: (v) => number(v) + '/s',
  share: (v) => (v > 0 && v < 1e-4 ? '<0.01' : number(v * 100)) + ' %',
  seconds: (v) => (v === 0 ? '0 s' : v < 9.995e-4 ? number(v * 1e6) + ' µs' : v < 0.9995 ? number(v * 1e3) + ' ms' : number(v) + ' s'),
  bytes: (v) => scaled(v, ['B', 'kB', 'MB', 'GB', 'TB'], 999.5),
  'bytes/s': (v) => scaled(v, ['B', 'kB', 'MB', 'GB', 'TB'], 999.5) + '/s',
};

function clock(s) {
  const whole = Math.floor(s + 0.005), rest = s - whole;
  const two = (n) => String(n).padStart(2, '0');
  const part = rest >= 0.005 ? rest.toFixed(2).replace(/^0/, '').replace(/0$/, '') : '';
  const h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60;
  return (h ? h + ':' + two(m) : m) + ':' + two(whole % 60) + part;
}
