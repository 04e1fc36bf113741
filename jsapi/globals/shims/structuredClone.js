(() => {
  const copy = (value, seen) => {
    if (typeof value === "function" || typeof value === "symbol") {
      throw new TypeError("structuredClone: value: a " + typeof value + " cannot be cloned");
    }
    if (value === null || typeof value !== "object") return value;
    if (seen.has(value)) return seen.get(value);
    const keep = (made) => (seen.set(value, made), made);
    if (value instanceof Date) return keep(new Date(value.getTime()));
    if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
    if (value instanceof ArrayBuffer) return keep(value.slice(0));
    if (ArrayBuffer.isView(value)) {
      const buffer = copy(value.buffer, seen);
      return keep(new value.constructor(buffer, value.byteOffset, value.length ?? value.byteLength));
    }
    if (value instanceof Map) {
      const made = keep(new Map());
      for (const [k, v] of value) made.set(copy(k, seen), copy(v, seen));
      return made;
    }
    if (value instanceof Set) {
      const made = keep(new Set());
      for (const v of value) made.add(copy(v, seen));
      return made;
    }
    if (value instanceof Error) {
      const made = keep(new value.constructor(value.message));
      made.stack = value.stack;
      return made;
    }
    const kind = Object.prototype.toString.call(value).slice(8, -1);
    if (["WeakMap", "WeakSet", "WeakRef", "Promise"].includes(kind)) throw new TypeError("structuredClone: value: a " + kind + " cannot be cloned");
    const made = keep(Array.isArray(value) ? new Array(value.length) : {});
    for (const key of Object.keys(value)) made[key] = copy(value[key], seen);
    return made;
  };
  return function structuredClone(value) { return copy(value, new Map()); };
})
