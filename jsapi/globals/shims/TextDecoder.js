((utf8) => class TextDecoder {
  #held = new Uint8Array(0);
  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    const name = String(label).trim().toLowerCase();
    if (!["utf-8", "utf8", "unicode-1-1-utf-8"].includes(name)) throw new RangeError("TextDecoder: only utf-8 is supported, not " + label);
    this.encoding = "utf-8";
    this.fatal = Boolean(fatal);
    this.ignoreBOM = Boolean(ignoreBOM);
  }
  decode(input, { stream = false } = {}) {
    let bytes = new Uint8Array(0);
    if (input instanceof ArrayBuffer) bytes = new Uint8Array(input);
    else if (ArrayBuffer.isView(input)) bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    else if (input !== undefined) throw new TypeError("TextDecoder.decode: the argument must be an ArrayBuffer or a view of one");
    if (this.#held.length > 0) {
      const joined = new Uint8Array(this.#held.length + bytes.length);
      joined.set(this.#held);
      joined.set(bytes, this.#held.length);
      bytes = joined;
    }
    const whole = stream ? utf8.complete(bytes.slice().buffer) : bytes.length;
    this.#held = bytes.slice(whole);
    const text = utf8.decode(bytes.slice(0, whole).buffer, this.fatal);
    return !this.ignoreBOM && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
})
