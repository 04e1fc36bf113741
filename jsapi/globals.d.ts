/** The number of the virtual user, from 1; 0 where none runs. */
declare var __VU: number;
/** How many iterations this virtual user ran before; undefined while the script is loaded. */
declare var __ITER: number;
/** The environment. Each virtual user may change its own copy. */
declare var __ENV: { [name: string]: string };

/** Reads a file, relative to the script, while the script is loaded. */
declare function open(path: string): string;
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

interface Console {
  log(...values: unknown[]): void;
  info(...values: unknown[]): void;
  debug(...values: unknown[]): void;
  trace(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}
/** Writes lines to the log, on stderr. */
declare var console: Console;

interface Performance {
  /** Milliseconds since this virtual user first asked. */
  now(): number;
  readonly timeOrigin: number;
}
/** A clock for durations. */
declare var performance: Performance;

interface TextEncoder {
  readonly encoding: string;
  encode(text?: string): Uint8Array;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}
/** Text to bytes, in UTF-8. */
declare var TextEncoder: { prototype: TextEncoder; new (): TextEncoder };

interface TextDecoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: ArrayBuffer | ArrayBufferView, options?: { stream?: boolean }): string;
}
/** Bytes to text. */
declare var TextDecoder: {
  prototype: TextDecoder;
  new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }): TextDecoder;
};
