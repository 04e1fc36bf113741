// The page's script: it puts interactive charts over the still ones. Without
// it, or where it fails, the page stays as it is.
(function () {
'use strict';

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

// decades are 1, 2 and 5 times powers of ten within a range, fewer where it is wide.
function decades(u, axis, lo, hi) {
  const out = [], steps = hi / lo > 2000 ? [1] : hi / lo > 60 ? [1, 3] : [1, 2, 5];
  for (let power = Math.pow(10, Math.floor(Math.log10(lo))); power <= hi; power *= 10) {
    out.push(...steps.map((s) => +(s * power).toPrecision(3)).filter((v) => v >= lo && v <= hi));
  }
  return out;
}
function doublings(u, axis, lo, hi) {
  const out = [];
  for (let v = Math.pow(2, Math.ceil(Math.log2(lo))); v <= hi; v *= 2) out.push(v);
  return out;
}

const axes = (format, x) => [
  { stroke: () => color('soft'), grid: { show: false }, ticks: { stroke: () => color('rule'), size: 4 }, font: '12px ' + color('sans'), size: 28, space: 70, ...x },
  { stroke: () => color('soft'), grid: { stroke: () => color('rule'), width: 1 }, ticks: { show: false }, font: '12px ' + color('sans'), size: 68, space: 34, values: (u, list) => list.map(format) },
];
const timeAxis = { incrs: [0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400], values: (u, list) => list.map(clock) };

// bands are drawn under the lines; their names where there is room, in the first chart.
function backdrop(u, names) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const at = (t) => u.valToPos(t, 'x', true);
  const dpr = devicePixelRatio;
  ctx.font = 11 * dpr + 'px ' + color('sans');
  let phase = '';
  for (const b of data.bands) {
    // Where a phase goes on, its name is not said again.
    const name = b.name.startsWith(phase + ' ') ? b.name.slice(phase.length + 1) : b.name;
    const from = at(b.from), width = at(b.to) - from;
    ctx.fillStyle = color(b.kind === 'fail' || b.kind === 'outage' ? 'alarm' : 'calm');
    ctx.globalAlpha = b.kind === 'pass' ? 0.55 : 1;
    ctx.fillRect(from + dpr / 2, bbox.top, Math.max(width - dpr, dpr), bbox.height);
    ctx.globalAlpha = 1;
    if (names && ctx.measureText(name).width + 10 * dpr < width) {
      ctx.fillStyle = color('soft');
      ctx.fillText(name, from + 5 * dpr, bbox.top + 13 * dpr);
      phase = b.name.split(' ')[0];
    }
  }
  ctx.strokeStyle = color('soft');
  ctx.lineWidth = dpr;
  ctx.setLineDash([3 * dpr, 3 * dpr]);
  for (const e of data.events) {
    ctx.beginPath();
    ctx.moveTo(at(e.at), bbox.top);
    ctx.lineTo(at(e.at), bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function level(u, at, name, stroke) {
  const { ctx, bbox } = u, y = u.valToPos(at, 'y', true), dpr = devicePixelRatio;
  if (!(y >= bbox.top && y <= bbox.top + bbox.height)) return;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = color(stroke);
  ctx.lineWidth = 1.5 * dpr;
  ctx.setLineDash([6 * dpr, 4 * dpr]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = 11 * dpr + 'px ' + color('sans');
  ctx.textAlign = 'right';
  ctx.setLineDash([]);
  ctx.lineWidth = 3 * dpr;
  ctx.strokeStyle = color('card');
  ctx.strokeText(name, bbox.left + bbox.width - 4 * dpr, y - 5 * dpr);
  ctx.fillText(name, bbox.left + bbox.width - 4 * dpr, y - 5 * dpr);
  ctx.restore();
}

const size = (box, height) => ({ width: Math.max(box.clientWidth, 200), height });

// chartOptions are common to all charts over time.
function chartOptions(box, extra) {
  return {
    ...size(box, 190), padding: [10, 26, 0, 0], legend: { show: false }, ...extra,
    scales: { x: { time: false, range: () => view || [Math.min(0, times[0]), times[times.length - 1]] }, ...extra.scales },
    cursor: {
      y: false, points: { size: 7 }, drag: { x: true, y: false, setScale: false },
      sync: { key: 'time', filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } },
      bind: { dblclick: () => () => zoom(null) },
    },
    hooks: {
      ...extra.hooks,
      setSelect: [(u) => {
        if (u.select.width < 4) return;
        const from = u.posToVal(u.select.left, 'x'), to = u.posToVal(u.select.left + u.select.width, 'x');
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        zoom([from, to]);
      }],
      setCursor: [(u) => { follow(u.cursor.idx == null ? -1 : u.cursor.idx); }],
    },
  };
}

function panelChart(panel, box, figure, first) {
  const p = { panel, figure, columns: panel.lines.map((l) => unpack(l.values)), shown: panel.lines.map((l) => !l.off) };
  const top = (u, lo, hi) => {
    const least = only(p) < 0 && panel.full ? 1 : 0, mark = panel.mark ? panel.mark.at * 1.6 : 0;
    return [0, Math.max(hi || 0, least, mark) * (first && data.bands.length ? 1.25 : 1.06) || 1];
  };
  const series = panel.lines.map((l, i) => ({
    label: l.name, show: p.shown[i], stroke: () => color('c' + l.color % 8), width: 1.75, dash: DASHES[i % 8], spanGaps: false,
    points: { size: 5, fill: () => color('c' + l.color % 8), show: true, filter: lonely },
  }));
  p.u = new uPlot(chartOptions(box, {
    scales: { y: { range: top } },
    series: [{}, ...series],
    axes: axes((v) => axisText(p, v), timeAxis),
    hooks: {
      drawClear: [(u) => backdrop(u, first)],
      draw: [(u) => { if (panel.mark) level(u, panel.mark.at, panel.mark.name, 'bad'); }],
    },
  }), drawn(p.columns), box);
  p.buttons = legend(p);
  return p;
}

// lonely are the values without neighbours, which no line shows.
function lonely(u, series) {
  const v = u.data[series], out = [];
  v.forEach((x, i) => { if (x !== null && (v[i - 1] ?? null) === null && (v[i + 1] ?? null) === null) out.push(i); });
  return out;
}

// only is the one line that is shown alone, or -1.
function only(p) {
  const first = p.shown.indexOf(true);
  return first >= 0 && p.shown.indexOf(true, first + 1) < 0 && p.shown.length > 1 ? first : -1;
}

// axisText is in raw units when a share of a limit is shown alone.
function axisText(p, v) {
  const line = p.panel.lines[only(p)];
  if (line && line.whole) return formats[line.wholeUnit](v * line.whole);
  return formats[p.panel.unit](v);
}

function valueText(p, i, v) {
  const line = p.panel.lines[i], text = formats[p.panel.unit](v);
  return line.whole ? text + ' (' + formats[line.wholeUnit](v * line.whole) + ')' : text;
}

function legend(p) {
  const items = [...p.figure.querySelectorAll('.legend li')];
  let former = null;   // what was shown before one line was isolated
  const isolate = (i) => {
    if (only(p) !== i) {
      former = p.shown;
      show(p, p.shown.map((_, k) => k === i));
      return;
    }
    show(p, former || p.shown.map(() => true));
    former = null;
  };
  p.figure.querySelector('.legend').setAttribute('aria-label', 'Series of ' + p.panel.title);
  return items.map((li, i) => {
    const value = el('span', { class: 'value' });
    const button = el('button', { type: 'button', 'aria-pressed': String(p.shown[i]), title: 'Click: hide or show. Double-click or Shift+Enter: only this one, and back.' }, ...li.childNodes, value);
    let before = null;
    button.addEventListener('click', (e) => {
      if (e.detail > 1) return;   // the second of a double click
      if (e.shiftKey) { isolate(i); return; }
      before = p.shown.slice();
      show(p, p.shown.map((s, k) => (k === i ? !s : s)));
    });
    button.addEventListener('dblclick', () => {
      if (before) p.shown = before;   // undo the first click
      before = null;
      isolate(i);
    });
    li.append(button);
    return { button, value };
  });
}

function show(p, shown) {
  p.shown = shown;
  p.u.batch(() => shown.forEach((s, i) => p.u.setSeries(i + 1, { show: s })));
  p.u.redraw();
  p.buttons.forEach((b, i) => b.button.setAttribute('aria-pressed', String(shown[i])));
}

// drawn are the columns within the view, and one value beyond each end.
function drawn(columns) {
  let from = 0, to = times.length;
  if (view) {
    while (from < to - 1 && times[from + 1] < view[0]) from++;
    while (to > from + 1 && times[to - 2] > view[1]) to--;
  }
  return thin(times.slice(from, to), columns.map((c) => c.slice(from, to)), DRAWN);
}

function zoom(range) {
  const first = Math.min(0, times[0]), last = times[times.length - 1];
  if (range) {
    range = [Math.max(range[0], first), Math.min(range[1], last)];
    const least = Math.min(2 * (last - first) / times.length, last - first);
    if (range[1] - range[0] < least) return;
    if (range[0] <= first && range[1] >= last) range = null;
  }
  view = range;
  for (const p of plots) {
    p.u.setData(drawn(p.columns), true);
    p.u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }
  bar.range.textContent = view ? clock(view[0]) + ' to ' + clock(view[1]) : '';
  bar.reset.hidden = !view;
}

// follow shows the values at the cursor in every legend.
function follow(index) {
  if (index === cursor) return;
  cursor = index;
  for (const p of plots) {
    if (!p.buttons) continue;
    p.buttons.forEach((b, i) => {
      const v = index < 0 ? null : p.u.data[i + 1][index];
      b.value.textContent = v == null ? (index < 0 ? '' : '–') : valueText(p, i, v);
    });
  }
  bar.at.textContent = index < 0 ? '' : describe(plots[0].u.data[0][index]);
}

function describe(t) {
  const b = data.bands.filter((b) => t > b.from && t <= b.to).map((b) => b.name + ' (' + b.kind + ')');
  return [clock(t), ...b].join(' · ');
}

// keys make a chart usable without a mouse.
function keys(box, p) {
  box.setAttribute('tabindex', '0');
  box.setAttribute('role', 'group');
  box.setAttribute('aria-roledescription', 'chart');
  box.setAttribute('aria-label', box.dataset.label + '. Arrow keys move the cursor, plus and minus zoom, 0 shows all.');
  box.addEventListener('keydown', (e) => {
    const n = p.u.data[0].length, step = e.shiftKey ? Math.max(1, Math.round(n / 20)) : 1;
    const moves = { ArrowLeft: cursor - step, ArrowRight: cursor + step, Home: 0, End: n - 1 };
    if (e.key in moves) point(Math.min(Math.max(cursor < 0 ? (e.key === 'ArrowLeft' ? n - 1 : 0) : moves[e.key], 0), n - 1), p);
    else if (e.key === '+' || e.key === '=') scaleBy(0.5, p);
    else if (e.key === '-') scaleBy(2, p);
    else if (e.key === '0' || e.key === 'Escape') zoom(null);
    else return;
    e.preventDefault();
  });
  box.addEventListener('blur', () => { for (const q of plots) q.u.setCursor({ left: -10, top: -10 }); follow(-1); });
}

function point(index, p) {
  const t = p.u.data[0][index];
  for (const q of plots) q.u.setCursor({ left: q.u.valToPos(t, 'x'), top: 20 });
  follow(index);
  if (p.panel) {
    const values = p.panel.lines.map((l, i) => [l.name, p.u.data[i + 1][index], i]).filter((x) => p.shown[x[2]]);
    $('live').textContent = describe(t) + ': ' + values.map(([name, v, i]) => name + ' ' + (v == null ? 'no value' : valueText(p, i, v))).join(', ');
  }
}

function scaleBy(factor, p) {
  const [from, to] = [p.u.scales.x.min, p.u.scales.x.max];
  const middle = cursor >= 0 ? p.u.data[0][cursor] : (from + to) / 2, half = (to - from) * factor / 2;
  zoom([middle - half, middle + half]);
}

// The heat map is painted cell by cell, darker the more requests ended in it.
function heatChart(heat, box) {
  const from = unpack(heat.from), to = unpack(heat.to);
  const cells = heat.cells.map((text) => {
    const words = text ? text.split(' ') : [];
    return { first: parseInt(words[0] || '0', 36), counts: words.slice(1).map((w) => parseInt(w, 36)) };
  });
  const edge = (bin) => heat.low * Math.pow(heat.ratio, bin);
  const draw = (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = color('c0');
    cells.forEach((cell, i) => {
      const left = u.valToPos(from[i], 'x', true), width = Math.max(u.valToPos(to[i], 'x', true) - left, 1);
      cell.counts.forEach((n, k) => {
        if (!n) return;
        const top = u.valToPos(edge(cell.first + k + 1), 'y', true), below = u.valToPos(edge(cell.first + k), 'y', true);
        ctx.globalAlpha = 0.1 + 0.9 * Math.log1p(n) / Math.log1p(heat.most);
        ctx.fillRect(left, top, Math.ceil(width), Math.ceil(below - top));
      });
    });
    ctx.restore();
  };
  const p = { columns: [times.map(() => null)] };
  p.u = new uPlot(chartOptions(box, {
    scales: { y: { distr: 3, range: () => [edge(0), edge(heat.bins)] } },
    series: [{}, { paths: () => null, points: { show: false } }],
    axes: axes(formats.seconds, timeAxis).map((a, i) => (i ? { ...a, splits: decades, filter: (u, list) => list } : a)),
    hooks: { drawClear: [draw] },
  }), drawn(p.columns), box);
  return p;
}

// The load curve: what came out for what was under way; one of each set in a comparison.
function curveChart(id, box, figure) {
  const good = id === 'goodput', unit = formats[good ? 'rate' : 'seconds'], sets = data.curve.sets;
  const value = (p) => (good ? p.goodput : p.p95 || null);
  const stroke = (k) => 'c' + (sets.length === 1 && !good ? 3 : k % 8);
  // All points of all sets, by load; each has a place of its own on the axis of indexes.
  const points = sets.flatMap((s, k) => s.points.map((p) => ({ ...p, set: k }))).sort((a, b) => a.load - b.load);
  const xs = points.map((p) => p.load), ys = sets.map((_, k) => points.map((p) => (p.set === k ? value(p) : null)));
  const log = xs[0] > 0 && xs[xs.length - 1] > 16 * xs[0];
  const readout = el('span', { class: 'note' });
  figure.querySelector('figcaption').append(readout);
  const tell = (i) => {
    const p = points[i];
    readout.textContent = p ? [sets[p.set].name, p.name].filter(Boolean).join(' ') + ': ' + formats.rate(p.goodput) + ', p95 ' + formats.seconds(p.p95) + ', ' + formats.share(p.failed) + ' failed' + (p.verdict ? ', ' + p.verdict : '') : '';
  };
  const marks = (u) => {
    const { ctx } = u, dpr = devicePixelRatio;
    ctx.save();
    ctx.setLineDash([]);
    ctx.lineWidth = 2 * dpr;
    for (const p of points) {
      if (value(p) == null) continue;
      const failing = p.verdict === 'fail';
      ctx.strokeStyle = color(failing && sets.length === 1 ? 'bad' : stroke(p.set));
      ctx.fillStyle = failing ? color('card') : ctx.strokeStyle;
      ctx.beginPath();
      ctx.arc(u.valToPos(p.load, 'x', true), u.valToPos(value(p), 'y', true), 4 * dpr, 0, 2 * Math.PI);
      ctx.fill();
      ctx.stroke();
    }
    ctx.restore();
  };
  const under = (u) => {
    const { ctx, bbox } = u, dpr = devicePixelRatio, { sure, knee } = sets[0];
    ctx.save();
    if (good && sure) {
      ctx.fillStyle = color('calm');
      const top = u.valToPos(sure[1], 'y', true);
      ctx.fillRect(bbox.left, top, bbox.width, Math.max(u.valToPos(sure[0], 'y', true) - top, 2 * dpr));
    }
    if (knee) {
      const x = u.valToPos(knee, 'x', true);
      ctx.strokeStyle = ctx.fillStyle = color('soft');
      ctx.setLineDash([2 * dpr, 3 * dpr]);
      ctx.lineWidth = dpr;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.font = 11 * dpr + 'px ' + color('sans');
      ctx.fillText('knee', x + 5 * dpr, bbox.top + 12 * dpr);
    }
    ctx.restore();
  };
  const pad = (u, lo, hi) => (log ? [Math.max(lo / 1.2, 1e-3), hi * 1.2] : [0, hi * 1.04 || 1]);
  const u = new uPlot({
    ...size(box, 220), padding: [10, 26, 0, 0], legend: { show: false },
    scales: { x: { time: false, distr: log ? 3 : 1, log: 2, range: pad }, y: { range: (u, lo, hi) => [0, hi * 1.1 || 1] } },
    series: [{}, ...sets.map((_, k) => ({ stroke: () => color(stroke(k)), width: 1.75, dash: DASHES[k % 8], spanGaps: true, points: { show: false } }))],
    axes: axes(unit, { values: (u, list) => list.map((v) => (v == null ? '' : number(v))), ...(log ? { splits: doublings, filter: (u, list) => list } : {}) }),
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 11 } },
    hooks: { drawClear: [under], draw: [marks], setCursor: [(u) => tell(u.cursor.idx == null ? -1 : u.cursor.idx)] },
  }, [xs, ...ys], box);
  box.setAttribute('tabindex', '0');
  box.setAttribute('role', 'group');
  box.setAttribute('aria-roledescription', 'chart');
  box.setAttribute('aria-label', box.dataset.label + '. Arrow keys move from load to load.');
  let at = -1;
  box.addEventListener('keydown', (e) => {
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: points.length - 1 };
    if (!(e.key in moves)) return;
    e.preventDefault();
    at = Math.min(Math.max(moves[e.key], 0), points.length - 1);
    u.setCursor({ left: u.valToPos(xs[at], 'x'), top: 20 });
    tell(at);
    $('live').textContent = readout.textContent;
  });
  return u;
}

// The line above the charts: where the cursor is, what is shown, what the shades mean.
const bar = { at: el('span', { class: 'at' }), range: el('span', {}), reset: el('button', { type: 'button', class: 'plain', hidden: '' }, 'Show all') };
function fillBar() {
  const help = el('span', {}, 'Drag to zoom, double-click to show all.');
  const kinds = new Set(data.bands.map((b) => b.kind));
  const shade = (swatch, name, ...of) => (of.some((k) => kinds.has(k)) ? [el('span', {}, el('span', { class: 'swatch ' + swatch }), name)] : []);
  const shades = [...shade('calm', 'ramp', 'ramp'), ...shade('calm', 'within tolerance', 'pass', 'limit'), ...shade('alarm', 'beyond tolerance', 'fail'), ...shade('alarm', 'nothing worked', 'outage')];
  $('bar').append(help, ...shades, bar.at, bar.range, bar.reset);
  bar.reset.addEventListener('click', () => zoom(null));
  $('bar').hidden = false;
}

// Tables sort by a click on a heading; rows beyond the first screen unfold.
function tables() {
  for (const table of document.querySelectorAll('.tables table')) {
    const rest = table.querySelector('tbody.rest');
    if (rest) {
      rest.hidden = true;
      const more = el('button', { type: 'button', class: 'plain' }, 'Show ' + rest.rows.length + ' more');
      more.addEventListener('click', () => { rest.hidden = false; more.remove(); });
      table.parentNode.after(more);
    }
    table.querySelectorAll('thead th').forEach((th, column) => {
      const button = el('button', { type: 'button' }, th.textContent);
      th.replaceChildren(button);
      button.addEventListener('click', () => sort(table, th, column));
    });
  }
}

function sort(table, th, column) {
  const down = th.getAttribute('aria-sort') !== 'descending';
  table.querySelectorAll('th[aria-sort]').forEach((other) => other.removeAttribute('aria-sort'));
  th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  const key = (row) => row.cells[column].dataset.v;
  const by = (a, b) => (key(a) === undefined ? a.cells[column].textContent.localeCompare(b.cells[column].textContent) : key(a) - key(b));
  for (const body of table.tBodies) {
    body.append(...[...body.rows].sort((a, b) => (down ? -by(a, b) : by(a, b))));
  }
}

function downloads() {
  const offer = (name, type, make) => {
    const button = el('button', { type: 'button', class: 'plain' }, 'Download ' + name.toUpperCase());
    button.addEventListener('click', () => {
      const url = URL.createObjectURL(new Blob([make()], { type }));
      el('a', { href: url, download: data.run + '.' + name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    });
    $('downloads').append(button);
  };
  const all = () => data.panels.flatMap((p) => p.lines.map((l) => ({ panel: p.title, name: l.name, unit: p.unit, values: unpack(l.values) })));
  const quoted = (s) => '"' + (/^[=+\-@]/.test(s) ? "'" : '') + s.replace(/"/g, '""') + '"';
  offer('csv', 'text/csv', () => {
    const columns = all();
    const head = ['seconds', ...columns.map((c) => quoted(c.panel + ': ' + c.name + ' [' + c.unit + ']'))].join(',');
    return [head, ...times.map((t, i) => [t, ...columns.map((c) => (c.values[i] === null ? '' : c.values[i]))].join(','))].join('\r\n') + '\r\n';
  });
  offer('json', 'application/json', () => JSON.stringify({ started: data.started, seconds: times, series: all(), bands: data.bands, events: data.events, curve: data.curve }));
  $('downloads').hidden = false;
}

function start() {
  times = unpack(data.times);
  if ($('bar')) fillBar();
  for (const figure of document.querySelectorAll('.charts .panel')) {
    const box = figure.querySelector('.plot'), still = figure.querySelector('.still');
    const panel = data.panels.find((p) => p.id === figure.dataset.id);
    still.hidden = true;
    box.style.display = 'block';
    const p = panel ? panelChart(panel, box, figure, plots.length === 0) : heatChart(data.heat, box);
    keys(box, p);
    plots.push(p);
  }
  const curves = [...document.querySelectorAll('.curve .panel')].map((figure) => {
    figure.querySelector('.still').hidden = true;
    const box = figure.querySelector('.plot');
    box.style.display = 'block';
    return curveChart(figure.dataset.id, box, figure);
  });
  const every = [...plots.map((p) => p.u), ...curves];
  const fit = new ResizeObserver(() => {
    for (const u of every) {
      const width = u.root.parentNode.clientWidth;
      if (width > 0 && width !== u.width) u.setSize({ width, height: u.height });
    }
  });
  document.querySelectorAll('.grid').forEach((g) => fit.observe(g));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const k of Object.keys(paint)) delete paint[k];
    for (const u of every) u.redraw(false, true);
  });
  window.plimsoll = { plots, zoom, get view() { return view; } };   // for those who look into the page
}

tables();
downloads();
if (data.panels.length || data.curve) {
  try {
    start();
  } catch (e) {
    document.querySelectorAll('.still').forEach((s) => { s.hidden = false; });
    document.querySelectorAll('.plot').forEach((p) => { p.replaceChildren(); p.style.display = 'none'; });
    console.error(e);
  }
}
})();
