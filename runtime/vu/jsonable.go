package vu

import (
	"cmp"
	"fmt"
	"reflect"

	"github.com/dop251/goja"
)

// Bounds of what is looked at: what is deeper or larger JSON.stringify judges alone.
const (
	lookedDepth = 50
	lookedItems = 100_000
)

// jsonable looks for what JSON would drop or bend without a word.
type jsonable struct {
	strict bool // functions, symbols and numbers without a value, too
	seen   int
}

// inspect is what a value holds that JSON would not, told with where it is. Like
// any call of the script's it may be interrupted, or end by what a getter throws.
func (u *User) inspect(value goja.Value, strict bool) error {
	var found error
	look, _ := goja.AssertFunction(u.vm.ToValue(func(goja.FunctionCall) goja.Value {
		found = (&jsonable{strict: strict}).check(value, "", 0)
		return goja.Undefined()
	}))
	if _, err := look(goja.Undefined()); err != nil {
		return err
	}
	return found
}

// check returns what is wrong at or below a path; nil if nothing is.
func (p *jsonable) check(v goja.Value, path string, depth int) error {
	at := cmp.Or(path, "it")
	p.seen++
	o, ok := v.(*goja.Object)
	if !ok {
		return p.simple(v, at)
	}
	if depth > lookedDepth || p.seen > lookedItems {
		return nil
	}
	switch class := classOf(o); class {
	case "Map", "Set", "Promise":
		return fmt.Errorf("%s is a %s, which JSON cannot hold: %s", at, class, insteadOf(class))
	case "Function", "AsyncFunction":
		if p.strict {
			return fmt.Errorf("%s is a function: give what it returns", at)
		}
		return nil
	case "Object", "Array":
	default:
		return nil
	}
	if _, own := goja.AssertFunction(o.Get("toJSON")); own {
		return nil
	}
	return p.members(o, path, depth)
}

// members checks what an object or an array holds.
func (p *jsonable) members(o *goja.Object, path string, depth int) error {
	list := o.ClassName() == "Array"
	for _, key := range o.Keys() {
		below := path + "." + key
		switch {
		case list:
			below = path + "[" + key + "]"
		case path == "":
			below = key
		}
		if err := p.check(o.Get(key), below, depth+1); err != nil {
			return err
		}
		if p.seen > lookedItems {
			break
		}
	}
	return nil
}

func (p *jsonable) simple(v goja.Value, path string) error {
	if !p.strict || v == nil {
		return nil
	}
	if _, symbol := v.(*goja.Symbol); symbol {
		return fmt.Errorf("%s is a symbol: give text", path)
	}
	if goja.IsBigInt(v) {
		return fmt.Errorf("%s is the BigInt %v: give a number", path, v)
	}
	if goja.IsNaN(v) || goja.IsInfinity(v) {
		return fmt.Errorf("%s is %v: give a number", path, v)
	}
	return nil
}

// classOf is the class of an object; goja says "Object" of these three.
func classOf(o *goja.Object) string {
	if class := o.ClassName(); class != "Object" {
		return class
	}
	switch o.ExportType() {
	case reflect.TypeFor[[][2]any]():
		return "Map"
	case reflect.TypeFor[[]any]():
		return "Set"
	case reflect.TypeFor[*goja.Promise]():
		return "Promise"
	}
	return "Object"
}

func insteadOf(class string) string {
	switch class {
	case "Map":
		return "give Object.fromEntries(it)"
	case "Set":
		return "give [...it]"
	default:
		return "await it"
	}
}
