// The page: it puts the charts over the still ones. Where that fails, these stay.

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
