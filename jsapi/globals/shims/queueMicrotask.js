(() => {
  const none = Promise.resolve();
  return function queueMicrotask(callback) {
    if (typeof callback !== "function") throw new TypeError("queueMicrotask: the argument must be a function");
    none.then(callback);
  };
})
