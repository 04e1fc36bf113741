((native) => {
  const format = (name) => {
    const make = native[name];
    const Format = { [name]: function (locales, options) {
      if (!new.target) return new Format(locales, options);
      const made = make(locales, options);
      for (const key of Object.keys(made)) Object.defineProperty(this, key, { value: made[key], writable: true, configurable: true });
    } }[name];
    Format.supportedLocalesOf = (locales) => native.supported(locales);
    return Format;
  };
  const Intl = {};
  for (const name of ["DateTimeFormat", "NumberFormat"]) {
    let made;
    Object.defineProperty(Intl, name, { configurable: true, get: () => (made ??= format(name)), set: (other) => { made = other; } });
  }
  return Intl;
})
