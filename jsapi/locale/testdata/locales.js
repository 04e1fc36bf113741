// Writes ../locales.json, what package locale knows of each locale: run it with
// Node, whose Intl has the Unicode Common Locale Data Repository.
//
//   node jsapi/locale/testdata/locales.js > jsapi/locale/locales.json
"use strict";
const tags = ("en-US en-GB en-AU en-CA en-IE en-IN en-NZ de-DE de-AT de-CH fr-FR fr-BE fr-CA fr-CH es-ES es-MX it-IT pt-BR pt-PT nl-NL " +
  "sv-SE da-DK nb-NO fi-FI pl-PL cs-CZ ro-RO tr-TR el-GR ru-RU uk-UA ja-JP ko-KR zh-CN zh-TW id-ID").split(" ");
const at = (m, d, h = 0, mi = 0, s = 0) => new Date(Date.UTC(2024, m, d, h, mi, s));
const when = at(8, 3, 5, 7, 9); // the third of September, a Tuesday

const months = [...Array(12).keys()].map((m) => at(m, 3));
const days = [...Array(7).keys()].map((d) => at(8, 1 + d)); // from Sunday
const hours = [...Array(24).keys()].map((h) => at(0, 1, h)); // some languages have more than two parts of the day

const pooled = (pool) => (value) => {
  const i = pool.indexOf(value);
  return i < 0 ? pool.push(value) - 1 : i;
};
const lists = [], patterns = [];
const indexOfList = pooled(lists), indexOfPattern = pooled(patterns);

// The token of a part that is a word: which list of words it is from.
const token = (format, letter, type, dates) =>
  "{" + letter + indexOfList(dates.map((d) => format.formatToParts(d).find((p) => p.type === type).value).join("|")) + "}";

// The hour's token: what midnight and one o'clock in the afternoon look like tells the cycle.
function hourToken(format) {
  const hour = (d) => format.formatToParts(d).find((p) => p.type === "hour").value;
  const [midnight, morning, afternoon] = [at(8, 3, 0, 7, 9), when, at(8, 3, 13, 7, 9)].map(hour);
  const token = afternoon !== "13" ? (midnight === "12" ? "h" : "K") : midnight === "24" ? "k" : "H";
  return morning.length === 2 ? token + token : token;
}

function pattern(tag, options) {
  const format = new Intl.DateTimeFormat(tag, { timeZone: "UTC", ...options });
  return format.formatToParts(when).map(({ type, value }) => {
    switch (type) {
      case "literal": return value;
      case "year": return value.length === 2 ? "{yy}" : "{y}";
      case "day": return value.length === 2 ? "{dd}" : "{d}";
      case "hour": return "{" + hourToken(format) + "}";
      case "minute": return value.length === 2 ? "{mm}" : "{m}";
      case "second": return value.length === 2 ? "{ss}" : "{s}";
      case "timeZoneName": return "{z}";
      case "dayPeriod": return token(format, "P", type, hours);
      case "month": return value === "9" ? "{M}" : value === "09" ? "{MM}" : token(format, "N", type, months);
      case "weekday": return token(format, "W", type, days);
      default: throw new Error(tag + " " + type);
    }
  }).join("");
}

const none = undefined;
const widths = [none, "numeric", "2-digit"];
const cycles = [{}, { hour12: true }, { hour12: false }, { hourCycle: "h23" }];
function patternsOf(tag) {
  const dates = [], times = [], zonedTimes = [], weekdayTimes = [];
  for (const weekday of [none, "short", "long", "narrow"]) for (const year of widths)
    for (const month of [none, "numeric", "2-digit", "short", "long", "narrow"]) for (const day of widths) {
      dates.push(indexOfPattern(weekday || year || month || day ? pattern(tag, { weekday, year, month, day }) : ""));
    }
  for (const cycle of cycles) for (const hour of widths) for (const minute of widths) for (const second of widths) {
    zonedTimes.push(indexOfPattern(hour || minute || second ? pattern(tag, { hour, minute, second, ...cycle, timeZoneName: "short" }) : ""));
    times.push(indexOfPattern(hour || minute || second ? pattern(tag, { hour, minute, second, ...cycle }) : ""));
  }
  for (const weekday of ["short", "long", "narrow"]) for (const cycle of cycles)
    for (const hour of ["numeric", "2-digit"]) for (const minute of ["numeric", "2-digit"]) for (const second of widths) {
      weekdayTimes.push(indexOfPattern(pattern(tag, { weekday, hour, minute, second, ...cycle })));
    }
  const cut = (whole, parts) => parts.reduce((w, [p, name]) => {
    if (!w.includes(p)) throw new Error(`${tag}: ${whole} lacks ${p}`);
    return w.replace(p, () => name);
  }, whole);
  const glue = (d, t) => cut(pattern(tag, { ...d, ...t }), [[pattern(tag, d), "{d}"], [pattern(tag, t), "{t}"]]);
  const hm = { hour: "numeric", minute: "numeric" }, ymd = { year: "numeric", day: "numeric" };
  const byMonth = [{ ...ymd, month: "numeric" }, { ...ymd, month: "short" }, { ...ymd, month: "long" }, { ...ymd, month: "long", weekday: "long" }];
  return {
    dates, times, zonedTimes, weekdayTimes,
    glue: byMonth.map((d) => glue(d, hm)),
    zoneGlue: byMonth.map((d) => cut(pattern(tag, { ...d, timeZoneName: "short" }), [[pattern(tag, d), "{d}"]])),
    dateStyles: ["short", "medium", "long", "full"].map((dateStyle) => pattern(tag, { dateStyle })),
    timeStyles: cycles.map((cycle) => ["short", "medium", "long"].map((timeStyle) => pattern(tag, { timeStyle, ...cycle }))),
    styleGlue: ["short", "medium", "long", "full"].map((dateStyle) => glue({ dateStyle }, { timeStyle: "short" })),
  };
}

const zones = Intl.supportedValuesOf("timeZone").filter((z) => !z.startsWith("Etc/"));
const offsetOf = (zone, d) => {
  const text = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(d).find((p) => p.type === "timeZoneName").value;
  const [, sign, h, m] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(text);
  return h ? (sign === "-" ? -1 : 1) * (h * 60 + +m) : 0;
};
const offsets = new Map(zones.map((z) => [z, [offsetOf(z, at(0, 15)), offsetOf(z, at(6, 15))]]));

function zonesOf(tag) {
  const short = (zone, d) => new Intl.DateTimeFormat(tag, { timeZone: zone, timeZoneName: "short" }).formatToParts(d).find((p) => p.type === "timeZoneName").value;
  const east = short("Asia/Karachi", at(0, 15)), west = short("America/Sao_Paulo", at(0, 15));
  const offset = { zero: short("Africa/Abidjan", at(0, 15)), plus: east.replace("5", ""), minus: west.replace("3", ""), colon: short("Asia/Kolkata", at(0, 15)).replace(east, "").replace("30", "") };
  const format = (o) => o === 0 ? offset.zero : (o < 0 ? offset.minus : offset.plus) + Math.trunc(Math.abs(o) / 60) + (o % 60 ? offset.colon + String(Math.abs(o) % 60).padStart(2, "0") : "");
  const named = {};
  for (const zone of zones) {
    const [january, july] = offsets.get(zone);
    const summer = Math.max(january, july), winter = Math.min(january, july);
    const got = [january, july].map((o, i) => [o, short(zone, at(6 * i, 15))]);
    const of = (o) => got.find(([x]) => x === o)[1];
    const pair = [of(winter), of(summer)].map((n, i) => n === format(i ? summer : winter) ? "" : n);
    if (zone === "Europe/Dublin" || pair.join("") !== "") (named[pair.join("|")] ??= []).push(zone);
  }
  return { offset, named: Object.entries(named).map(([pair, list]) => [pair, list.join(" ")]) };
}

const currencies = Intl.supportedValuesOf("currency");
const symbol = (tag, currency, currencyDisplay) =>
  new Intl.NumberFormat(tag, { style: "currency", currency, currencyDisplay }).formatToParts(1).find((p) => p.type === "currency").value;
// What most locales have is written once.
const narrow = Object.fromEntries(currencies.map((c) => [c, symbol("en-US", c, "narrowSymbol")]).filter(([c, s]) => c !== s));

function numbersOf(tag) {
  const parts = (n, o) => new Intl.NumberFormat(tag, o).formatToParts(n);
  const of = (type, n, o) => parts(n, o).find((p) => p.type === type)?.value ?? "";
  const shape = (n, o) => parts(n, o).map((p) => ["integer", "decimal", "fraction", "group"].includes(p.type) ? "#" : p.type === "currency" ? "{c}" : p.type === "minusSign" ? "{-}" : p.value).join("").replace(/#+/, "{n}");
  const symbols = Object.fromEntries(currencies.map((c) => [c, symbol(tag, c)]).filter(([c, s]) => c !== s));
  const narrower = Object.fromEntries(currencies.map((c) => [c, symbol(tag, c, "narrowSymbol")]).filter(([c, s]) => s !== (narrow[c] ?? c)));
  const dollar = { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" };
  return {
    decimal: of("decimal", 1.5), group: of("group", 12345678), moneyDecimal: of("decimal", 1.5, dollar), moneyGroup: of("group", 12345678, dollar),
    minus: of("minusSign", -1), plus: of("plusSign", 1, { signDisplay: "always" }),
    nan: of("nan", NaN), infinity: of("infinity", Infinity),
    min2: of("group", 1234) === "", indian: parts(12345678).filter((p) => p.type === "group").length === 3,
    percent: shape(5, { style: "percent" }), negativePercent: shape(-5, { style: "percent" }),
    money: shape(5, dollar), negativeMoney: shape(-5, dollar),
    symbols, narrow: narrower,
  };
}

const locales = {};
for (const tag of tags) {
  locales[tag] = { ...patternsOf(tag), zones: zonesOf(tag), numbers: numbersOf(tag) };
}
const digits = {};
for (const currency of Intl.supportedValuesOf("currency")) {
  const n = new Intl.NumberFormat("en-US", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  if (n !== 2) (digits[n] ??= []).push(currency);
}
// Other names of zones that people use, by that which the names above have.
const aliases = {};
for (const other of ("US/Eastern US/Central US/Mountain US/Pacific US/Alaska US/Hawaii US/Arizona US/Michigan EST5EDT CST6CDT MST7MDT PST8PDT Canada/Eastern Canada/Central Canada/Mountain " +
  "Canada/Pacific Canada/Atlantic Canada/Newfoundland America/Buenos_Aires America/Indianapolis Europe/Kyiv Europe/Belfast GB Eire Portugal Turkey Asia/Kolkata Asia/Calcutta Asia/Ho_Chi_Minh " +
  "Asia/Kathmandu Asia/Yangon Japan Singapore Hongkong PRC ROK Israel Iran Egypt Australia/ACT Australia/NSW Australia/North Australia/Queensland Australia/South Australia/Tasmania " +
  "Australia/Victoria Australia/West NZ").split(" ")) {
  const zone = new Intl.DateTimeFormat("en-US", { timeZone: other }).resolvedOptions().timeZone;
  if (zone !== other) aliases[other] = zone;
}
const lines = Object.entries(locales).map(([tag, l]) => JSON.stringify(tag) + ":" + JSON.stringify(l));
console.log(`{"digits":${JSON.stringify(digits)},\n"narrow":${JSON.stringify(narrow)},\n"aliases":${JSON.stringify(aliases)},\n"lists":${JSON.stringify(lists)},\n"patterns":${JSON.stringify(patterns)},\n"locales":{\n${lines.join(",\n")}\n}}`);
