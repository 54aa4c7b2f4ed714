package probe

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Args are the arguments of probe.
type Args struct {
	Sleep string  `json:"sleep,omitempty" help:"how long to take, such as 2s"`
	Fail  Failing `json:"fail,omitempty" help:"true, or how many attempts fail, or refused, bad_input, unreachable, panic, or what the error says"`
	Rows  int     `json:"rows,omitempty" help:"rows to write, once however often the job runs"`
	Note  string  `json:"note,omitempty" help:"kept with the rows and the result; tells probes of one chain apart"`
}

// Validate finds nonsense.
func (a Args) Validate() error {
	if d, err := a.sleep(); err != nil || d < 0 {
		return fmt.Errorf("sleep: %q is no duration such as 2s", a.Sleep)
	}
	if a.Rows < 0 {
		return fmt.Errorf("rows: %d is less than nothing", a.Rows)
	}
	return nil
}

func (a Args) sleep() (time.Duration, error) {
	if a.Sleep == "" {
		return 0, nil
	}
	return time.ParseDuration(a.Sleep)
}

// Failing says whether and how to fail: "" not at all.
type Failing string

// UnmarshalJSON takes true, false, a number of attempts, or a text.
func (f *Failing) UnmarshalJSON(raw []byte) error {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return err
	}
	switch v := value.(type) {
	case nil:
		*f = ""
	case bool:
		*f = Failing(strconv.FormatBool(v))
	case float64:
		*f = Failing(strconv.FormatFloat(v, 'f', -1, 64))
	case string:
		*f = Failing(v)
	default:
		return fmt.Errorf("fail: %s is neither true, a number nor a text", raw)
	}
	if *f == "false" || *f == "0" {
		*f = ""
	}
	return nil
}
