// What main.go exports, for an editor.
declare module 'custom' {
  /** The next order of an item, as JSON. */
  export function order(item: string): string
}
