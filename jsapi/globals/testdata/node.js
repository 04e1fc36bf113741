// Writes node.json: expressions with what Node makes of them, or the name of
// what it throws. Run it with Node, in the time zone of UTC:
//
//   TZ=UTC node jsapi/globals/testdata/node.js > jsapi/globals/testdata/node.json
"use strict";
const dates = ["new Date(Date.UTC(2024, 2, 31, 0, 30, 5, 7))", "new Date(Date.UTC(2024, 10, 3, 5, 59, 59))", "new Date(0)", "new Date(Date.UTC(2024, 8, 3, 12, 0, 0))", "new Date(Date.UTC(1999, 11, 31, 23, 59, 59, 999))"];
const zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Tokyo", "America/St_Johns", "Pacific/Auckland", "Europe/London", "America/Sao_Paulo"];
const tags = Object.keys(require("../../locale/locales.json").locales);
const opts = [
 {}, { dateStyle: "short" }, { dateStyle: "medium" }, { dateStyle: "long" }, { dateStyle: "full" }, { timeStyle: "short" }, { timeStyle: "medium" }, { timeStyle: "long" },
 { dateStyle: "short", timeStyle: "short" }, { dateStyle: "medium", timeStyle: "medium" }, { dateStyle: "long", timeStyle: "short" }, { dateStyle: "full", timeStyle: "long" },
 { year: "numeric", month: "2-digit", day: "2-digit" }, { year: "numeric", month: "long", day: "numeric" }, { weekday: "long", year: "numeric", month: "long", day: "numeric" },
 { weekday: "short", month: "short", day: "numeric" }, { year: "2-digit", month: "numeric", day: "numeric" }, { month: "long", year: "numeric" }, { month: "short", day: "2-digit" },
 { weekday: "long" }, { weekday: "narrow" }, { month: "long" }, { month: "narrow" }, { year: "numeric" }, { day: "numeric" }, { hour: "numeric" }, { hour: "2-digit", minute: "2-digit" },
 { hour: "2-digit", minute: "2-digit", second: "2-digit" }, { hour: "numeric", minute: "2-digit", hour12: true }, { hour: "numeric", minute: "2-digit", hour12: false },
 { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, { hour12: false }, { hour12: true }, { minute: "2-digit", second: "2-digit" }, { timeZoneName: "short" },
 { hour: "numeric", timeZoneName: "short" }, { year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" },
 { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false },
 { weekday: "short", hour: "numeric", minute: "2-digit" }, { weekday: "long", year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "numeric", timeZoneName: "short" },
 { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 }, { weekday: "long", month: "long" }, { day: "numeric", month: "numeric" },
 { month: "short", year: "numeric", timeZoneName: "short" }, { year: "numeric", month: "numeric", hour: "numeric" }, { timeStyle: "short", hour12: true }, { timeStyle: "medium", hour12: false },
];
const nums = ["0", "-0", "1", "-1", "1234", "1234.5", "12345.678", "-1234567.891", "0.5", "0.005", "1.005", "2.5", "-0.001", "1e21", "1e-7", "123456789012345680000", "NaN", "Infinity", "-Infinity", "0.000123", "99.995", "999999.5"];
const nopts = [
 {}, { minimumFractionDigits: 2 }, { maximumFractionDigits: 0 }, { minimumFractionDigits: 2, maximumFractionDigits: 2 }, { maximumFractionDigits: 1 }, { style: "percent" }, { style: "percent", minimumFractionDigits: 1 },
 { style: "currency", currency: "USD" }, { style: "currency", currency: "EUR" }, { style: "currency", currency: "JPY" }, { style: "currency", currency: "CHF" }, { style: "currency", currency: "GBP", maximumFractionDigits: 0 },
 { style: "currency", currency: "usd", currencyDisplay: "code" }, { style: "currency", currency: "CAD", currencyDisplay: "narrowSymbol" }, { style: "currency", currency: "KWD" }, { style: "currency", currency: "XYZ" },
 { useGrouping: false }, { useGrouping: true }, { useGrouping: "min2" }, { minimumIntegerDigits: 2 }, { maximumSignificantDigits: 3 }, { minimumSignificantDigits: 3 }, { minimumSignificantDigits: 2, maximumSignificantDigits: 4 },
 { signDisplay: "always" }, { signDisplay: "never" }, { signDisplay: "exceptZero" }, { style: "currency", currency: "INR", minimumFractionDigits: 0 }, { maximumFractionDigits: 20 }, { style: "currency", currency: "USD", signDisplay: "always" },
 { signDisplay: "negative" },
];
const others = [
  "new Date(0).toLocaleString()", "new Date(0).toLocaleDateString()", "new Date(0).toLocaleTimeString()", "new Date(NaN).toLocaleString('de-DE')", "new Date(NaN).toLocaleTimeString('xx', { hour: 'x' })",
  "new Date(1e12).toLocaleString('en')", "new Date(1e12).toLocaleString('DE')", "new Date(1e12).toLocaleString('pt')", "new Date(1e12).toLocaleString('zh-Hant')", "new Date(1e12).toLocaleString(['de-DE', 'en-US'])",
  "new Date(1e12).toLocaleString([])", "new Date(1e12).toLocaleString(undefined, { timeZone: 'Asia/Tokyo' })", "new Date(1e12).toLocaleString('en-US', { timeZone: 'america/new_york' })",
  "new Date(1e12).toLocaleString('en-US', { timeZone: 'utc' })", "new Date(1e12).toLocaleString('en-US', { timeZone: 'GMT', timeZoneName: 'short' })", "new Date(1e12).toLocaleString('en-US', { timeZone: 'US/Pacific', timeZoneName: 'short' })",
  "new Date(1e12).toLocaleString('en-US', { timeZone: 'Asia/Kolkata', timeZoneName: 'short' })", "new Date(1e12).toLocaleString('en-US', { timeZone: 'Etc/GMT+5', timeZoneName: 'short' })",
  "new Date(1e12).toLocaleString('de', { timeZone: 'Europe/Berlin', timeZoneName: 'short' })", "new Date(1.75e12).toLocaleString('de', { timeZone: 'Europe/Berlin', timeZoneName: 'short' })",
  "new Date(1e12).toLocaleString('en-GB', { timeZone: 'Europe/London', timeZoneName: 'short' })", "new Date(1.75e12).toLocaleString('en-GB', { timeZone: 'Europe/London', timeZoneName: 'short' })",
  "new Date(1e12).toLocaleString('en-US', { timeZone: 'Mars/Olympus' })", "new Date(1e12).toLocaleString('en-US', { timeZone: '' })", "new Date(1e12).toLocaleString('en-US', { timeZone: '../etc/passwd' })",
  "new Date(1e12).toLocaleString('en-US', { timeZone: 'Local' })", "new Date(1e12).toLocaleString('en-US', { timeZone: 5 })", "new Date(1e12).toLocaleString('en_US')", "new Date(1e12).toLocaleString('')", "new Date(1e12).toLocaleString(null)",
  "new Date(1e12).toLocaleString([5])", "new Date(1e12).toLocaleString('en', null)", "new Date(1e12).toLocaleString('en', 'x')", "new Date(1e12).toLocaleString('en', { month: 'x' })", "new Date(1e12).toLocaleString('en', { dateStyle: 'x' })",
  "new Date(1e12).toLocaleString('en', { dateStyle: 'short', year: 'numeric' })", "new Date(1e12).toLocaleDateString('en', { timeStyle: 'short' })", "new Date(1e12).toLocaleTimeString('en', { dateStyle: 'short' })",
  "new Date(1e12).toLocaleString('en', { fractionalSecondDigits: 4 })", "new Date(1e12).toLocaleString('en', { hour12: 'yes', hour: 'numeric' })", "new Date(-1e13).toLocaleDateString('en-GB', { timeZone: 'UTC' })",
  "new Date(Date.UTC(-1, 0, 1)).toLocaleDateString('en-US', { timeZone: 'UTC' })", "new Date(8.64e15).toLocaleString('en-US', { timeZone: 'UTC' })", "Date.prototype.toLocaleString.call(5)", "Date.prototype.toLocaleString.call({})",
  "Intl.DateTimeFormat('en-US', { timeZone: 'Asia/Tokyo' }).resolvedOptions().timeZone", "Intl.DateTimeFormat().resolvedOptions().timeZone", "Intl.DateTimeFormat().resolvedOptions().locale", "new Intl.DateTimeFormat('de').resolvedOptions().calendar",
  "[1, 2].map(new Intl.DateTimeFormat('de-DE', { timeZone: 'UTC' }).format).join()", "new Intl.DateTimeFormat('en').format(NaN)", "new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(0)", "typeof new Intl.DateTimeFormat('en').format()",
  "JSON.stringify(new Intl.DateTimeFormat('de-DE', { dateStyle: 'medium', timeZone: 'UTC' }).formatToParts(0))", "JSON.stringify(new Intl.NumberFormat('en-US', { style: 'currency', currency: 'EUR' }).formatToParts(-1234.5))",
  "JSON.stringify(new Intl.NumberFormat('de-DE', { style: 'percent' }).formatToParts(0.5))", "Intl.NumberFormat('de-DE').format(1234567.891)", "[1.5, 2.5].map(new Intl.NumberFormat('de-DE').format).join(';')",
  "new Intl.NumberFormat('en', { style: 'currency', currency: 'JPY' }).resolvedOptions().maximumFractionDigits", "Intl.NumberFormat.supportedLocalesOf(['de-DE', 'en-US']).join()", "new Intl.NumberFormat('en-US').format('12345.6')",
  "new Intl.NumberFormat('en-US').format(12345678901234567890n)", "new Intl.DateTimeFormat('en') instanceof Intl.DateTimeFormat", "Object.keys(new Intl.NumberFormat()).length",
  "(5).toLocaleString()", "(1234.5678).toLocaleString()", "(1234.5).toLocaleString(undefined, { minimumFractionDigits: 2 })", "(1234.5).toLocaleString('de')", "(1e21).toLocaleString('de-DE')", "new Number(1234).toLocaleString('fr-FR')",
  "(12345678901234567890n).toLocaleString('en-US')", "(-5n).toLocaleString('de-DE', { style: 'currency', currency: 'EUR' })", "(123456789n).toLocaleString('en-IN')", "(1n).toLocaleString('en', { minimumFractionDigits: 2 })", "(15n).toLocaleString('en', { maximumSignificantDigits: 1 })",
  "[1234.5, new Date(0), null, undefined, 'x', [5000n]].toLocaleString('de-DE', { timeZone: 'UTC' })", "[].toLocaleString('de-DE')", "(() => { const a = [1]; a.push(a); return a.toLocaleString('en') })()", "[1234.5].toLocaleString()",
  "(1).toLocaleString('en_US')", "(1).toLocaleString('x'.repeat(1e5))", "(1).toLocaleString('en', { style: 'x' })", "(1).toLocaleString('en', { style: 'currency' })", "(1).toLocaleString('en', { style: 'currency', currency: 'x' })", "(1).toLocaleString('en', { style: 'currency', currency: 'E1R' })",
  "(1).toLocaleString('en', { maximumFractionDigits: 101 })", "(1).toLocaleString('en', { maximumFractionDigits: -1 })", "(1).toLocaleString('en', { maximumFractionDigits: NaN })", "(1).toLocaleString('en', { maximumFractionDigits: '2' })",
  "(1).toLocaleString('en', { minimumFractionDigits: 5, maximumFractionDigits: 2 })", "(1).toLocaleString('en', { minimumFractionDigits: 5 })", "(1).toLocaleString('en', { minimumSignificantDigits: 5, maximumSignificantDigits: 2 })",
  "(1).toLocaleString('en', { minimumIntegerDigits: 22 })", "(1).toLocaleString(null)", "(1).toLocaleString('en', null)", "Number.prototype.toLocaleString.call('5')", "(1).toLocaleString('en', { get style() { throw new TypeError('mine') } })",
  "(12).toLocaleString('en', { useGrouping: 'x' })", "(1234.5).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2.9 })", "(0).toLocaleString('en', { style: 'percent', minimumSignificantDigits: 3 })", "(1.5).toLocaleString('en', { style: 'currency', currency: 'USD', minimumFractionDigits: 0 })",
];
const out = {};
const add = (e) => { let v; try { v = String(eval(e)); } catch (x) { v = x.name; } out[e] = v; };
others.forEach(add);
let k = 0;
for (const tag of tags) {
  const t = JSON.stringify(tag);
  for (const o of opts) for (const d of dates) for (const z of zones) {
    if (k++ % 97 !== 0) continue;
    const options = JSON.stringify({ timeZone: z, ...o });
    add([`${d}.toLocaleString(${t}, ${options})`, `${d}.toLocaleDateString(${t}, ${options})`, `${d}.toLocaleTimeString(${t}, ${options})`, `new Intl.DateTimeFormat(${t}, ${options}).format(${d})`][k % 4]);
  }
  for (const o of nopts) for (const n of nums) if (k++ % 29 === 0) add(`(${n}).toLocaleString(${t}, ${JSON.stringify(o)})`);
}
console.log(JSON.stringify(out, null, 1));
