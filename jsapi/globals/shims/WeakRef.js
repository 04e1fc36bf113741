(() => class WeakRef { // holds its target: what a script sees is the same
  #target;
  constructor(target) { this.#target = target; }
  deref() { return this.#target; }
})
