package run

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// paramsOf reads the arguments off a struct type's tags.
func paramsOf(t reflect.Type) []Param {
	var params []Param
	for f := range fields(t) {
		params = append(params, Param{
			Name:    jsonName(f),
			Type:    typeName(f.Type),
			Default: f.Tag.Get("default"),
			About:   f.Tag.Get("help"),
		})
	}
	return params
}

// setDefaults fills the fields of v from their `default` tags: JSON where the field is no string.
func setDefaults(v reflect.Value) error {
	for f := range fields(v.Type()) {
		text, ok := f.Tag.Lookup("default")
		if !ok {
			continue
		}
		field := v.FieldByIndex(f.Index)
		if field.Kind() == reflect.String {
			field.SetString(text)
			continue
		}
		if err := json.Unmarshal([]byte(text), field.Addr().Interface()); err != nil {
			return fmt.Errorf("%s: %w", jsonName(f), err)
		}
	}
	return nil
}

func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && jsonName(f) != "-" && !yield(f) {
				return
			}
		}
	}
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		return f.Name
	}
	return name
}

func typeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[*time.Time]():
		return "time"
	case t.Kind() == reflect.Pointer:
		return typeName(t.Elem())
	case t.Kind() == reflect.Bool:
		return "true/false"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.Map:
		return "name=value"
	case t.Kind() == reflect.String:
		return "text"
	default:
		return "number"
	}
}

// Param finds an argument of the kind by name. The error, of class Invalid, names the nearest.
func (k Kind) Param(name string) (Param, error) {
	names := make([]string, len(k.Params))
	for i, p := range k.Params {
		if p.Name == name {
			return p, nil
		}
		names[i] = p.Name
	}
	hint := k.usage()
	if near := Nearest(name, names); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return Param{}, Invalid(hint, "%s has no argument %q", k.Name, name)
}

// Parse reads an argument's value as a person types it: a list by commas, a map as name=value by commas. The error is
// of class Invalid.
func (p Param) Parse(text string) (json.RawMessage, error) {
	var value any = text
	switch p.Type {
	case "number", "true/false":
		if !json.Valid([]byte(text)) {
			return nil, Invalid("", "argument %s is %q and must be %s", p.Name, text, p.Type)
		}
		return json.RawMessage(text), nil
	case "list":
		value = []string{}
		if text != "" {
			value = strings.Split(text, ",")
		}
	case "name=value":
		pairs := map[string]string{}
		for pair := range strings.SplitSeq(text, ",") {
			name, v, ok := strings.Cut(pair, "=")
			if !ok {
				return nil, Invalid("", "argument %s is %q and must be NAME=VALUE, several with commas", p.Name, text)
			}
			pairs[name] = v
		}
		value = pairs
	}
	return json.Marshal(value)
}
