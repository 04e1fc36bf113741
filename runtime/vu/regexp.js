((expand) => {
  // Writes Unicode properties out, which the engine would take for plain text.
  const Native = globalThis.RegExp;
  const Wrapped = function RegExp(pattern, flags) {
    if (!new.target && pattern instanceof Native && flags === undefined) return pattern;
    let source = pattern instanceof Native ? pattern.source : pattern === undefined ? "" : String(pattern);
    const wanted = flags === undefined ? (pattern instanceof Native ? pattern.flags : "") : String(flags);
    if (/[uvd]/.test(wanted)) source = expand(source, wanted);
    return Reflect.construct(Native, [source, wanted], new.target ?? Wrapped);
  };
  Wrapped.prototype = Native.prototype;
  Object.setPrototypeOf(Wrapped, Native);
  Object.defineProperty(Native.prototype, "constructor", { value: Wrapped, writable: true, configurable: true });
  return Wrapped;
})
