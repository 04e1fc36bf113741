(() => {
  const none = Promise.resolve();
  return function queueMicrotask(callback) {
    if (typeof callback !== "function") throw new TypeError("queueMicrotask: callback must be a function");
    none.then(callback);
  };
})
