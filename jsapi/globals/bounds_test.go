package globals_test

import (
	"strings"
	"testing"
)

func TestConsoleShowsMuchShortly(t *testing.T) {
	t.Parallel()
	const x = "xxxxxxxxxx"
	for code, want := range map[string]string{
		`const a = []; a.length = 4e8; console.log(a)`:                                    "[ <100 empty items>, … 399999900 more ]",
		`const a = []; a[4e8] = 1; console.log({ a })`:                                    "{ a: [ <100 empty items>, … 399999901 more ] }",
		`const a = [1, 2]; a.x = 1; a[5] = 3; console.log(a, [, 1, , ])`:                  "[ 1, 2, <3 empty items>, 3, x: 1 ] [ <1 empty item>, 1, <1 empty item> ]",
		`console.log(new Array(101).fill(0))`:                                             "[ " + strings.Repeat("0, ", 100) + "… 1 more ]",
		`console.log(new Uint8Array(2e8))`:                                                "Uint8Array(200000000) [ " + strings.Repeat("0, ", 100) + "… 199999900 more ]",
		`const o = {}; for (let i = 0; i < 1e4; i++) o['k' + i] = 0; console.log(o)`:      "k99: 0, … 9900 more }",
		`console.log('x'.repeat(1e8))`:                                                    x + "…",
		`console.log({ a: 'é'.repeat(1e7) })`:                                             `é…`,
		`console.log({ ['x'.repeat(1e7)]: 1 })`:                                           x + "…: …",
		`console.log(Array(200).fill('x'.repeat(1e6)))`:                                   x + `…, …, …`,
		`console.log(...Array(200).fill('x'.repeat(1e6)))`:                                x + "… …",
		`console.log(new Error('x'.repeat(1e7)))`:                                         x + "…",
		`console.log(Symbol('x'.repeat(1e7)))`:                                            "Symbol(xxx",
		`console.log(2n ** 1000000n, 5n, Symbol('s'))`:                                    "…n …",
		`console.log(5n, [5n], Symbol('s'))`:                                              "5n [ 5n ] Symbol(s)",
		`let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; console.log(o)`:             "{ o: { o: { o: { o: { o: { o: … } } } } } }",
		`const a = [1]; a.push(a, { a }); console.log(a)`:                                 "[ 1, [Circular], { a: [Circular] } ]",
		`console.log(new Map([[1, { a: 1 }], ['k', [2]]]), new Set([1, 'b']), new Map())`: `Map(2) { 1 => { a: 1 }, "k" => [ 2 ] } Set(2) { 1, "b" } Map(0) {}`,
		`const m = new Map(); m.set(m, m); console.log(m)`:                                "Map(1) { [Circular] => [Circular] }",
		`const s = new Set(Array.from({ length: 1e4 }, (_, i) => i)); console.log(s)`:     "98, 99, … 9900 more }",
		`console.log(new Proxy([], { get() { throw 1 } }), 'after')`:                      "[an object that cannot be shown] after",
		`class M extends Map { entries() { throw 1 } }; console.log(new M(), 'after')`:    "cannot be shown] after",
		`console.log(undefined, null, NaN, -1.5, true, () => 1)`:                          "undefined null NaN -1.5 true [object Function]",
	} {
		h := withGuards(t)
		if _, err := h.VM().RunString("{" + code + "}"); err != nil {
			t.Errorf("%s: %v", code, err)
			continue
		}
		if said := strings.Join(h.Said, "|"); !strings.Contains(said, want) || len(said) > 20<<10 {
			t.Errorf("%s\n got %d bytes, %.300s … %s\nwant %s", code, len(said), said, said[max(0, len(said)-100):], want)
		}
	}
}

func TestTypedArraysOfPrimitives(t *testing.T) {
	t.Parallel()
	h := withGuards(t)
	for expression, want := range map[string]string{
		`Uint8Array.from('123')`:                                                         "1,2,3",
		`Uint8Array.from('text', (c) => c.charCodeAt(0))`:                                "116,101,120,116",
		`Uint8Array.from('aé€😀', (c) => c.length)`:                                       "1,1,1,2",
		`Uint16Array.from('é', (c, i) => c.charCodeAt(i))`:                               "233",
		`Float64Array.from('1.5')`:                                                       "1,NaN,5",
		`BigInt64Array.from('12', BigInt)`:                                               "1,2",
		`Uint8Array.from(new String('12'))`:                                              "1,2",
		`Uint8Array.from(5).length`:                                                      "0",
		`Uint8Array.from(true).length`:                                                   "0",
		`Uint8Array.from('')`:                                                            "",
		`Int8Array.from([1, 2], function (x) { return x * this.by }, { by: 3 })`:         "3,6",
		`Uint8Array.from(new Set([1, 2]))`:                                               "1,2",
		`Uint8Array.from({ length: 2, 0: 7 })`:                                           "7,0",
		`new (class B extends Uint8Array {})(2).constructor.from('12').constructor.name`: "B",
		`Uint8Array.of('1', 2, true)`:                                                    "1,2,1",
		`Array.of('ab', 1)`:                                                              "ab,1",
		`Array.from('ab', (c) => c + c)`:                                                 "aa,bb",
		`Array.from(5).length`:                                                           "0",
		`Uint8Array.from(null)`:                                                          "TypeError",
		`Uint8Array.from()`:                                                              "TypeError",
		`Uint8Array.from('1', 2)`:                                                        "TypeError",
		`BigInt64Array.from('1')`:                                                        "1",
		`Uint8Array.from({ length: 4e8 })`:                                               "RangeError",
	} {
		if got, thrown := result(h, expression); got != want {
			t.Errorf("%s: got %s %s, want %s", expression, got, thrown, want)
		}
	}
}
