// Generated from the tables of the modules in jsapi. Save it beside your scripts for completion and type checks.
/// <reference no-default-lib="true" />
/// <reference lib="es2023" />

interface Console {
  log(...values: unknown[]): void;
  info(...values: unknown[]): void;
  debug(...values: unknown[]): void;
  trace(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}

interface Performance {
  /** Milliseconds since this virtual user first asked. */
  now(): number;
  readonly timeOrigin: number;
}

interface TextEncoder {
  readonly encoding: string;
  encode(text?: string): Uint8Array;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}

interface TextDecoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: ArrayBuffer | ArrayBufferView, options?: { stream?: boolean }): string;
}

/** The number of the virtual user, from 1; 0 where none runs. */
declare var __VU: number;

/** How many iterations this virtual user ran before; undefined while the script is loaded. */
declare var __ITER: number;

/** The environment. Each virtual user may change its own copy. */
declare var __ENV: { [name: string]: string };

/** Reads a file, relative to the script, while the script is loaded: as text, in UTF-8 and without a byte order mark, or with 'b' its bytes. */
declare function open(path: string): string;
/** Reads a file, relative to the script, while the script is loaded: as text, in UTF-8 and without a byte order mark, or with 'b' its bytes. */
declare function open(path: string, mode: 'b'): ArrayBuffer;

/** Calls a function once, later; the iteration stays open until then. */
declare function setTimeout(callback: (...args: any[]) => void, milliseconds?: number, ...args: any[]): number;

/** Calls a function again and again, until clearInterval. */
declare function setInterval(callback: (...args: any[]) => void, milliseconds?: number, ...args: any[]): number;

/** Takes a call back that setTimeout has planned. */
declare function clearTimeout(id: number | undefined): void;

/** Ends what setInterval began. */
declare function clearInterval(id: number | undefined): void;

/** Calls a function when the code that runs now has ended. */
declare function queueMicrotask(callback: () => void): void;

/** Copies a value with all that it holds. */
declare function structuredClone<T>(value: T): T;

/** Base64 of text in Latin-1. */
declare function btoa(text: string): string;

/** Text in Latin-1 of base64. */
declare function atob(base64: string): string;

/** Writes lines to the log, on stderr. */
declare var console: Console;

/** A clock for durations. */
declare var performance: Performance;

/** Text to bytes, in UTF-8. */
declare var TextEncoder: { prototype: TextEncoder; new (): TextEncoder };

/** Bytes to text. */
declare var TextDecoder: {
  prototype: TextDecoder;
  new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }): TextDecoder;
};

/** Refers to an object. The virtual machine keeps the object: `deref` always finds it. */
declare var WeakRef: WeakRefConstructor;

declare module 'plimsoll' {
  /** What a scenario's function is given. It is the same object in each iteration of a virtual user. */
  export interface Context<D = any> {
    /** The number of the virtual user, from 1. */
    readonly vu: number;
    /** What beforeAll returned. Each virtual user has a copy of its own. */
    readonly data: D;
    /** How many iterations this virtual user ran before, over all scenarios. */
    readonly iteration: number;
  }

  export interface ScenarioOptions {
    /**
     * How often it runs, relative to the other scenarios' weights; default 1. 0: never. Scenarios are spread evenly, not
     * drawn by chance: any ten iterations of a virtual user are close to their weights. --seed decides which comes first.
     */
    weight?: number;
    /** How long the virtual user waits after each iteration: '100ms', '2s', or milliseconds. It is not part of the iteration. */
    delay?: string | number;
  }

  /** Parameters of all requests of a virtual user; those of a single request win. */
  export interface Defaults {
    headers?: Record<string, string | number | boolean>;
    [parameter: string]: any;
  }

  export interface Stage {
    duration: string | number;
    target: number;
  }

  /** Several loads side by side: docs/scenarios.md has all about them. */
  export type ScenarioLoad = {
    /** The function that iterations run: one that the script exports, or a scenario of it. Default: the scenario of this name, else default. */
    exec?: string;
    /** When it begins, after the run's beginning; default '0s'. */
    startTime?: string | number;
    /** How long iterations may go on after its end; default '30s'. */
    gracefulStop?: string | number;
    /** Variables of its iterations, in __ENV. */
    env?: Record<string, string>;
    /** Tags of all its samples. */
    tags?: Record<string, string>;
  } & (
    | { executor: 'shared-iterations' | 'per-vu-iterations'; vus?: number; iterations?: number; maxDuration?: string | number }
    | { executor: 'constant-vus'; vus?: number; duration: string | number }
    | { executor: 'ramping-vus'; startVUs?: number; stages: Stage[]; gracefulRampDown?: string | number }
    | ({ timeUnit?: string | number; preAllocatedVUs?: number; maxVUs?: number; arrivals?: 'even' | 'poisson' } & (
        | { executor: 'constant-arrival-rate'; rate: number; duration: string | number }
        | { executor: 'ramping-arrival-rate'; startRate?: number; stages: Stage[] }
      ))
  );

  /** A bound: 'p(95)<200', 'rate>99%', 'avg<1.5s over 10s after 30s'. With abortOnFail the run ends when it is broken. */
  export type Threshold = string | { threshold: string; abortOnFail?: boolean; delayAbortEval?: string | number };

  export interface Options {
    /** Loads side by side, by name, instead of one made of vus, duration, iterations or stages. */
    scenarios?: { [name: string]: ScenarioLoad };
    /** How many virtual users run at once. */
    vus?: number;
    /** How long iterations are started: '30s', '5m'. */
    duration?: string;
    /** How many iterations are started in all. */
    iterations?: number;
    /** Virtual users over time. */
    stages?: Stage[];
    /** What a run must keep, by metric and filter: { 'http_req_duration{status:200}': ['p(95)<200'] }. See docs/thresholds.md. */
    thresholds?: { [metric: string]: Threshold | Threshold[] };
    /** What makes an iteration fail; default all three. */
    failOn?: ('exceptions' | 'checks' | 'requests')[];
    /** Keep cookies from one iteration of a virtual user to its next. */
    noCookiesReset?: boolean;
    /** How long beforeAll may take; default '60s'. */
    setupTimeout?: string;
    /** How long afterAll may take; default '60s'. */
    teardownTimeout?: string;
    /** How the service is sized; of a plain run the tolerance and the objectives count, too: 'p(95)<200ms'. */
    sizing?: { tolerance?: string | number; objectives?: string | string[]; [name: string]: any };
    [name: string]: any;
  }

  /** What must hold of a value: functions, or what came of them. */
  export type Checks<T> = { [name: string]: ((value: T) => unknown) | string | number | boolean | null | undefined };

  /** Tags of a value: what thresholds filter by. */
  export interface MetricTags {
    [name: string]: string | number | boolean;
  }

  /** Declares a scenario, at the top level of the script. The function may be async. Names are unique. */
  export function scenario(name: string, options: ScenarioOptions, fn: (context: Context) => unknown): void;
  /** Declares a scenario, at the top level of the script. The function may be async. Names are unique. */
  export function scenario(name: string, fn: (context: Context) => unknown): void;

  /** Runs once, before the load. What it returns (or its promise comes to) is given to each virtual user as `data`, by way of JSON. If it throws, the test does not start. */
  export function beforeAll(fn: () => unknown): void;

  /** Runs once, when the load has ended and each virtual user has gone. If it throws, the exit code is 3: what the test made may still be there. */
  export function afterAll(fn: (context: Context) => unknown): void;

  /** Runs once for each virtual user, before its first iteration. What it returns are defaults for the user's requests, such as `{ headers: { Authorization: … } }`. */
  export function beforeVU(fn: (context: Context) => Defaults | void | Promise<Defaults | void>): void;

  /** Runs once for each virtual user, after its last iteration: to delete what it made, for example. If it throws, the exit code is 3. */
  export function afterVU(fn: (context: Context) => unknown): void;

  /** Sets options, as `export const options = { … }` does. Flags of the command line win over both. */
  export function options(options: Options): void;

  /** Counts for each name whether its function returns something true for the value, and returns whether all did. A false check makes the iteration fail, and lets it go on. */
  export function check<T>(value: T, checks: Checks<T>, tags?: Record<string, string | number | boolean>): boolean;

  /** Blocks the virtual user. */
  export function sleep(seconds: number): void;

  /** Runs the function at once and returns what it returns; the checks in it are counted under the group's name. Groups nest. The function must not be async. */
  export function group<R>(name: string, fn: () => R): R;

  /** Ends the iteration, which fails with this message. */
  export function fail(message?: string): never;

  /** Makes `Math.random` of this virtual user repeat the same numbers. */
  export function randomSeed(seed: number): void;

  /** A sum: how many orders, how many bytes. */
  export class Counter {
    constructor(name: string, isTime?: boolean);
    /** The name of the metric. */
    readonly name: string;
    /** Counts a value. */
    add(value: number | boolean, tags?: MetricTags): boolean;
  }

  /** The last value, with the least and the greatest: the length of a queue. */
  export class Gauge {
    constructor(name: string, isTime?: boolean);
    /** The name of the metric. */
    readonly name: string;
    /** Counts a value. */
    add(value: number | boolean, tags?: MetricTags): boolean;
  }

  /** The share of values that are true, or not 0. */
  export class Rate {
    constructor(name: string, isTime?: boolean);
    /** The name of the metric. */
    readonly name: string;
    /** Counts a value. */
    add(value: boolean | number, tags?: MetricTags): boolean;
  }

  /** A distribution: mean, least, greatest and percentiles. With isTime the values are milliseconds. */
  export class Trend {
    constructor(name: string, isTime?: boolean);
    /** The name of the metric. */
    readonly name: string;
    /** Counts a value. */
    add(value: number | boolean, tags?: MetricTags): boolean;
  }

  const module: typeof import('plimsoll');
  export default module;
}

declare module 'k6' {
  export * from 'plimsoll';
  export { default } from 'plimsoll';
}

declare module 'plimsoll/http' {
  /** A URL, or what the template tag `http.url` makes. */
  export type HttpURL = string | NamedURL;

  /** A URL with the name under which its requests are counted. */
  export interface NamedURL {
    readonly url: string;
    readonly name: string;
  }

  /**
   * The body of a request: an object is sent as `application/x-www-form-urlencoded`, an array in it as its key repeated.
   * Objects within it, dates, Map and Set, NaN and the like throw: nothing is sent as `[object Object]`.
   */
  export type RequestBody =
    | string
    | ArrayBuffer
    | ArrayBufferView
    | { [name: string]: Field | Field[] }
    | null
    | undefined;

  /** The value of a form's field; of what is undefined or null it is empty. */
  export type Field = string | number | bigint | boolean | null | undefined;

  /** What a request may be given besides its URL and body. */
  export interface Params {
    /** What is undefined or null is left out. */
    headers?: { [name: string]: string | number | boolean | null | undefined };
    /** Of these `name` names the endpoint under which the request is counted. */
    tags?: { [name: string]: string | number | boolean };
    /** Milliseconds, or text such as `"10s"`: for the whole request with its redirects and bodies. */
    timeout?: number | string;
    /** How many redirects are followed; 10 unless set. */
    redirects?: number;
    /** `text` unless set; `none` makes `body` null. */
    responseType?: ResponseType;
    /** Credentials for basic authentication. */
    auth?: { username: string; password: string } | [username: string, password: string] | "basic";
    cookies?: { [name: string]: string | number | boolean | null | undefined | { value: string | number | boolean; replace?: boolean } };
    /** Which statuses are no failure of this request; with null none is. */
    responseCallback?: ExpectedStatuses | null;
  }

  export type ResponseType = "text" | "binary" | "none";

  /** What `expectedStatuses` returns. */
  export interface ExpectedStatuses {
    readonly __expectedStatuses: never;
  }

  /** One request of a `batch`. */
  export type BatchRequest =
    | HttpURL
    | [method: string, url: HttpURL, body?: RequestBody, params?: Params | null]
    | { method?: string; url: HttpURL; body?: RequestBody; params?: Params | null };

  export type JSONValue = string | number | boolean | null | JSONValue[] | { [key: string]: JSONValue };

  /** What came of a request. `status` is 0 when no response came; `error` says why. */
  export interface Response {
    remote_ip: string;
    remote_port: number;
    /** After redirects the last one. */
    url: string;
    status: number;
    /** `"404 Not Found"` */
    status_text: string;
    /** `"HTTP/1.1"` */
    proto: string;
    /** By canonical name (`Content-Type`); several values are joined by `", "`. */
    headers: { [name: string]: string };
    cookies: { [name: string]: ResponseCookie[] };
    /** Text; an ArrayBuffer with `responseType: "binary"`; null when there is none. */
    body: string | ArrayBuffer | null;
    timings: Timings;
    tls_version: string;
    tls_cipher_suite: string;
    ocsp: object;
    /** Why no response came; empty when one did. */
    error: string;
    /** 0; 1000 + status from status 400 on; k6's number of the error else. */
    error_code: number;
    request: SentRequest;
    /** The whole body, or what a gjson path (`"data.0.id"`) finds in it, undefined if nothing. */
    json(): any;
    json(path: string): JSONValue | undefined;
  }

  export interface ResponseCookie {
    name: string;
    value: string;
    domain: string;
    path: string;
    http_only: boolean;
    secure: boolean;
    max_age: number;
    /** Milliseconds since 1970, 0 if not set. */
    expires: number;
  }

  /** Milliseconds. */
  export interface Timings {
    /** sending + waiting + receiving */
    duration: number;
    blocked: number;
    looking_up: number;
    connecting: number;
    tls_handshaking: number;
    sending: number;
    waiting: number;
    receiving: number;
  }

  /** What the script sent. */
  export interface SentRequest {
    method: string;
    url: string;
    headers: { [name: string]: string[] };
    body: string;
    cookies: { [name: string]: unknown };
  }

  /** Sends a GET request. */
  export function get(url: HttpURL, params?: Params | null): Response;

  /** Sends a HEAD request. */
  export function head(url: HttpURL, params?: Params | null): Response;

  /** Sends a POST request. An object as body is sent as a form. */
  export function post(url: HttpURL, body?: RequestBody, params?: Params | null): Response;

  /** Sends a PUT request. */
  export function put(url: HttpURL, body?: RequestBody, params?: Params | null): Response;

  /** Sends a PATCH request. */
  export function patch(url: HttpURL, body?: RequestBody, params?: Params | null): Response;

  /** Sends a DELETE request. */
  export function del(url: HttpURL, body?: RequestBody, params?: Params | null): Response;

  /** Sends an OPTIONS request. */
  export function options(url: HttpURL, body?: RequestBody, params?: Params | null): Response;

  /** Sends a request with any method. */
  export function request(method: string, url: HttpURL, body?: RequestBody, params?: Params | null): Response;

  /** Sends a request and goes on; at most 6 to one host run at a time, the others wait. */
  export function asyncRequest(method: string, url: HttpURL, body?: RequestBody, params?: Params | null): Promise<Response>;

  /** Sends requests in parallel, at most 20 at a time and 6 to one host, and waits for all. Each is a URL, an array `[method, url, body, params]` or an object of these; the result has the shape of the argument. */
  export function batch<T extends BatchRequest[] | { [name: string]: BatchRequest }>(requests: T): { [K in keyof T]: Response };

  /** A template tag: the request is counted under the text with `${}` in place of the values. */
  export function url(strings: TemplateStringsArray, ...values: unknown[]): NamedURL;

  /** Says which statuses are no failure, for `responseCallback` and `setResponseCallback`. */
  export function expectedStatuses(...statuses: (number | { min: number; max: number })[]): ExpectedStatuses;

  /** Sets what is expected of all requests of this virtual user that follow. With null no status is a failure. */
  export function setResponseCallback(expected: ExpectedStatuses | null): void;

  const module: typeof import('plimsoll/http');
  export default module;
}

declare module 'k6/http' {
  export * from 'plimsoll/http';
  export { default } from 'plimsoll/http';
}

declare module 'plimsoll/metrics' {
  /** Tags of a value: what thresholds filter by. */
  export interface MetricTags {
    [name: string]: string | number | boolean;
  }

  /** A sum: how many orders, how many bytes. */
  export class Counter {
    constructor(name: string, isTime?: boolean);
    /** The name of the metric. */
    readonly name: string;
    /** Counts a value. */
    add(value: number | boolean, tags?: MetricTags): boolean;
  }

  /** The last value, with the least and the greatest: the length of a queue. */
  export class Gauge {
    constructor(name: string, isTime?: boolean);
    /** The name of the metric. */
    readonly name: string;
    /** Counts a value. */
    add(value: number | boolean, tags?: MetricTags): boolean;
  }

  /** The share of values that are true, or not 0. */
  export class Rate {
    constructor(name: string, isTime?: boolean);
    /** The name of the metric. */
    readonly name: string;
    /** Counts a value. */
    add(value: boolean | number, tags?: MetricTags): boolean;
  }

  /** A distribution: mean, least, greatest and percentiles. With isTime the values are milliseconds. */
  export class Trend {
    constructor(name: string, isTime?: boolean);
    /** The name of the metric. */
    readonly name: string;
    /** Counts a value. */
    add(value: number | boolean, tags?: MetricTags): boolean;
  }

  const module: typeof import('plimsoll/metrics');
  export default module;
}

declare module 'k6/metrics' {
  export * from 'plimsoll/metrics';
  export { default } from 'plimsoll/metrics';
}

declare module 'plimsoll/execution' {


  /** The virtual user: its number, from 1, and how many iterations it ran before. */
  export const vu: {
    readonly idInTest: number;
    readonly idInInstance: number;
    readonly iterationInInstance: number;
  };

  /** The scenario. `iterationInTest` is a number, from 0, that no other iteration of the scenario gets: they are given in the order in which iterations ask. */
  export const scenario: {
    readonly name: string;
    readonly iterationInTest: number;
    readonly iterationInInstance: number;
  };

  /** The whole test. */
  export const test: {
    abort(reason?: string): never;
    fail(reason?: string): void;
  };

  const module: typeof import('plimsoll/execution');
  export default module;
}

declare module 'k6/execution' {
  export * from 'plimsoll/execution';
  export { default } from 'plimsoll/execution';
}

declare module 'plimsoll/timers' {


  /** Calls a function once, later; the iteration stays open until then. */
  export function setTimeout(callback: (...args: any[]) => void, milliseconds?: number, ...args: any[]): number;

  /** Calls a function again and again, until clearInterval. */
  export function setInterval(callback: (...args: any[]) => void, milliseconds?: number, ...args: any[]): number;

  /** Takes a call back that setTimeout has planned. */
  export function clearTimeout(id: number | undefined): void;

  /** Ends what setInterval began. */
  export function clearInterval(id: number | undefined): void;

  const module: typeof import('plimsoll/timers');
  export default module;
}

declare module 'k6/timers' {
  export * from 'plimsoll/timers';
  export { default } from 'plimsoll/timers';
}

declare module 'k6/experimental/timers' {
  export * from 'plimsoll/timers';
  export { default } from 'plimsoll/timers';
}
