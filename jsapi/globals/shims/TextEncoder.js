((utf8) => class TextEncoder {
  get encoding() { return "utf-8"; }
  encode(text = "") { return new Uint8Array(utf8.encode(String(text))); }
  encodeInto(text, into) {
    let read = 0, written = 0;
    for (const character of String(text)) {
      const bytes = this.encode(character);
      if (written + bytes.length > into.length) break;
      into.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
})
