// The charts of their own kind: heat map and load curve.

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
