((utf8) => class TextEncoder {
  get encoding() { return "utf-8"; }
  encode(text = "") { return new Uint8Array(utf8.encode(text)); }
  encodeInto(text, into) {
    if (!(into instanceof Uint8Array)) throw new TypeError("TextEncoder.encodeInto: into must be a Uint8Array");
    let read = 0, written = 0;
    for (const character of utf8.text(text)) {
      const bytes = this.encode(character);
      if (written + bytes.length > into.length) break;
      into.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
})
