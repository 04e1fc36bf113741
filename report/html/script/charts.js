// The charts over time: one x axis, one cursor, one zoom for all of them.

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
