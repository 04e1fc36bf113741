// Writes zones.json: by time zone, expressions of local times with what Node
// makes of them.
//
//   node jsapi/globals/testdata/zones.js > jsapi/globals/testdata/zones.json
"use strict";
const { execFileSync } = require("node:child_process");
const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Tehran", "Europe/London", "Asia/Kolkata", "UTC"];
// Days on which the clocks of these were changed, and their neighbours.
const days = [[2024, 2, 31], [2024, 9, 27], [2024, 2, 10], [2024, 10, 3], [2024, 9, 6], [2024, 3, 7], [2011, 11, 30], [2018, 10, 4], [2018, 1, 18], [2024, 2, 17], [2020, 2, 21], [2024, 5, 15], [1965, 3, 25]];
const times = [[0], [0, 30], [1], [1, 30], [1, 59, 59, 999], [2], [2, 15], [2, 30], [3], [3, 1], [23, 59]];
const list = [];
const pad = (n, w = 2) => String(n).padStart(w, "0");
for (const [y, m, d] of days) for (const t of times) {
  list.push(`+new Date(${[y, m, d, ...t].join(", ")})`);
  if (t.length === 2) {
    const iso = `${y}-${pad(m + 1)}-${pad(d)}T${pad(t[0])}:${pad(t[1])}`;
    list.push(`+new Date("${iso}")`, `Date.parse("${iso}:00.000")`, `+new Date("${m + 1}/${d}/${y} ${pad(t[0])}:${pad(t[1])}")`);
    list.push(`new Date(${y}, ${m}, ${d}, 12).setHours(${t.join(", ")})`);
    list.push(`new Date(${y}, ${m}, ${d - 1}, ${t[0]}, ${t[1]}).setDate(${d})`, `new Date(${y}, ${m - 1}, ${d}, ${t[0]}, ${t[1]}).setMonth(${m})`);
  }
}
list.push(
  "+new Date('2024-03-31')", "+new Date('2024-03')", "+new Date('2024-03-31T02:30Z')", "+new Date('2024-03-31T02:30+01:00')", "+new Date('2024-11-03T01:30-04:00')", "+new Date('Sun, 31 Mar 2024 02:30:00 GMT')",
  "+new Date('Mar 31, 2024 02:30:00 GMT+0200')", "+new Date('Mar 10, 2024 02:30:00 EST')", "+new Date('nonsense')", "+new Date(NaN)", "+new Date(undefined)", "+new Date(null)", "+new Date(true)", "+new Date('5e')", "+new Date(1e17)", "+new Date(2024)",
  "+new Date(2024, 0)", "+new Date(99, 0)", "+new Date(-1, 0)", "+new Date(2024, NaN)", "+new Date(2024, 1e9)", "+new Date(2024, 0, 1, 0, 0, 0, 1.9)", "+new Date(275760, 8, 13)", "+new Date(-271821, 3, 20)", "typeof Date()", "typeof Date(2024, 1)", "Date.length", "Date.name",
  "new Date(2024, 0) instanceof Date", "({}) instanceof Date", "5 instanceof Date", "new (class D extends Date {})(0) instanceof Date", "(() => { class D extends Date {} return [new D(0) instanceof D, new Date(0) instanceof D] })()", "Date.prototype.constructor.name", "Object.prototype.toString.call(new Date(0))", "new Date(0).constructor === Date", "new (class D extends Date { n() { return 5 } })(2024, 2, 31, 2, 30).n()", "+new (class D extends Date {})(2024, 2, 10, 2, 30)",
  "+new Date(new Date(5))", "+new Date({ valueOf: () => 7 })", "+new Date({ toString: () => '2024-03-31T02:30', valueOf: undefined })", "+new Date({ [Symbol.toPrimitive]: () => '2024-03-10T02:30' })", "+new Date(new String('2024-03-10T02:30'))", "+new Date(5n < 6n ? 5 : 6)",
  "+new Date(275760, 8, 12, 20)", "+new Date(275760, 8, 12, 21)", "+new Date(-271821, 3, 20, 2)", "+new Date('+275760-09-12T20:00')", "+new Date('-271821-04-19T19:00')", "new Date(8.64e15).setMilliseconds(1)",
  "typeof Date.now()", "Date.UTC(2024, 2, 31)", "new Date(NaN).setHours(1)", "new Date(NaN).setFullYear(2024)", "new Date(2024, 2, 10, 1, 59).setMinutes(60)", "new Date(2024, 10, 3, 0, 30).setHours(1)", "new Date(2024, 9, 27, 3).setMinutes(-30)",
  "new Date(2024, 2, 31, 1, 59, 59).setSeconds(60)", "new Date(2024, 2, 31, 1, 59, 59, 999).setMilliseconds(1000)", "new Date(2020, 1, 29, 12).setFullYear(2021)", "new Date(2024, 0, 31).setMonth(1)", "new Date(2024, 0, 31).setDate(0)", "new Date(2024, 0, 1).setHours()",
  "(() => { const d = new Date(2024, 2, 9, 2, 30); d.setDate(d.getDate() + 1); return d.getHours() + ':' + d.getMinutes() })()", "new Date(2024, 2, 31, 2, 30).toISOString()", "new Date(2024, 2, 10, 2, 30).toLocaleString('en-US')", "new Date(2024, 10, 3, 1, 30).getTimezoneOffset()",
);
if (process.argv[2]) {
  const out = {};
  for (const e of list) out[e] = String(eval(e));
  console.log(JSON.stringify(out));
} else {
  const all = {};
  for (const zone of zones) all[zone] = JSON.parse(execFileSync(process.execPath, [__filename, "one"], { env: { ...process.env, TZ: zone } }));
  const rows = list.map((e) => JSON.stringify(e) + ": " + JSON.stringify(zones.map((z) => all[z][e])));
  console.log(`{"zones": ${JSON.stringify(zones)}, "rows": {\n${rows.join(",\n")}\n}}`);
}
